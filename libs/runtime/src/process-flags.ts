import type { FlagSet } from '@clymene/model'

import { flag } from './flag.ts'
import { LOG_LEVELS } from './logger.ts'

/** Flags of every executable (../compat: the original's names and defaults). */
export const processFlags = {
  'log-level': flag.oneOf(LOG_LEVELS, 'info', 'Lowest level that is logged'),
  'metrics-backend': flag.oneOf(['prometheus', 'expvar', 'none'], 'prometheus', 'Where the own metrics go; expvar counts as none here'),
  'metrics-http-route': flag.string('/metrics', 'Path of the own metrics on the admin server'),
} satisfies FlagSet

/** Who may do admin actions from another host. */
export const adminTokenFlags = {
  'admin.token-file': flag.file(
    '',
    'File with the token that admin actions, such as a reload, need from elsewhere than loopback, read again when it changes; empty refuses those',
  ),
} satisfies FlagSet

/** `--admin.http.host-ports` with the port of the service. */
export const adminFlags = (defaultAddress: string) =>
  ({
    'admin.http.host-ports': flag.address(defaultAddress, 'Listen address of the admin server: health, metrics, version'),
    ...adminTokenFlags,
  }) satisfies FlagSet
