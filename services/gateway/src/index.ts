export { gatewayCommand, promtailGatewayCommand } from './command.ts'
export { gatewayLimitFlags, gatewayServerFlags } from './flags.ts'
export { startGateway, type Gateway, type GatewayOptions } from './gateway.ts'
