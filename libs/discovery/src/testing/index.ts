export { instanceAt, startConsul, type ConsulServer, type Instance } from './consul-server.ts'
export { startNameServer, type NameServer, type Zone } from './name-server.ts'
export { startScriptedServer, type Scripted, type ScriptedServer, type ServerAsked } from './scripted-server.ts'
