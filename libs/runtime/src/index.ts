export { createAdminServer, formatUptime, startAdminServer, type AdminOptions, type AdminServer } from './admin.ts'
export { retry, type Backoff, type RetryOptions } from './backoff.ts'
export { adminFlags, processFlags } from './process-flags.ts'
export { flagHelp, flagTable, type FlagGroup } from './flag-help.ts'
export { flag, formatAddress, parseAddress, parseBytes, parseDuration, parseUrl, readSecretFile, type Address } from './flag.ts'
export { connectionFailure, failureOf, parseRetryAfter, type HttpFailure } from './http-failure.ts'
export { listen, listenError } from './listen.ts'
export { createLogger, LOG_LEVELS, silentLogger, type LoggerOptions, type LogLevel } from './logger.ts'
export { createMetrics, type Metrics } from './metrics.ts'
export { createOnceIn } from './once-in.ts'
export { environmentName, parseFlags, type ParsedFlags, type ParseOptions } from './parse-flags.ts'
export { aborted, ExitError, isAbort, runProcess, type ExitStatus } from './process.ts'
export { createReadiness, type Readiness } from './readiness.ts'
export { readVersion, type Version } from './version.ts'
export { helpOf, runCommand, type Command, type ConfiguredCommand } from './command.ts'
export { hostService, type Host, type HostOptions } from './host-service.ts'
export { HTTP_ACCESS_KEYS, parseHttpAccess, type HttpAccessConfig } from './http-access/access-config.ts'
export { accessFlags, readAccess, type AccessFlags, type ReadAccess } from './http-access/access-flags.ts'
export {
  createConnector,
  currentTlsOptions,
  pemFile,
  pemText,
  type ClientTls,
  type Pem,
  type TlsOptions,
} from './http-access/client-tls.ts'
export { followFile, type FollowedFile } from './http-access/followed-file.ts'
export { basicCredentials, createHttpAccess, NO_ACCESS, type HttpAccess, type HttpAccessOptions } from './http-access/http-access.ts'
export { secretFile, secretText, type Secret } from './http-access/secret.ts'
