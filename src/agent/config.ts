/** The configuration as the command line and the agent use it. */

export type {
  AgentConfig,
  BusConfig,
  ListenAddress,
  LogConfig,
} from "../policy/agent-config.ts";
export { maskedConfig } from "../policy/describe.ts";
export { listenAddressText } from "../policy/formats.ts";
export { type HostAccess, systemHost } from "../policy/host.ts";
export {
  type ConfigRequest,
  DEFAULT_CONFIG_FILE,
  type LoadedConfig,
  loadConfig,
} from "../policy/load.ts";
export { KEYS, type Key, PROFILES, settingOf } from "../policy/settings.ts";
