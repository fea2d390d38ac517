export { gatewayCommand, promtailGatewayCommand } from './command.ts'
export { checkTokensFile } from './credentials/admission.ts'
export { gatewayAuthFlags, gatewayLimitFlags, gatewayServerFlags } from './flags.ts'
export { startGateway, type Gateway, type GatewayOptions } from './gateway.ts'
