/** The package's API. A config needs `defineConfig`; programs can do what `mab` does. */
export { defineConfig, type ConfigContext, type ConfigExport } from './config/define.js'
export { loadConfig, type LoadedConfig, type LoadOptions } from './config/load.js'
export type { Config, UserConfig } from './config/types.js'
export { resolveTargets, type ResolveContext, type Selection } from './targets/resolve.js'
export type { Build, Output, Pattern, Source, Target, TargetPlatform } from './targets/target.js'
export { createPlan, type PlanOptions } from './plan/plan.js'
export type * from './plan/task.js'
export type { Reason } from './plan/reason.js'
export { runPlan, explainPlan, type RunPlanOptions } from './execute/run-plan.js'
export type { TaskForecast } from './execute/execute.js'
export type { Event, Notice, RunReport, TargetReport, TaskState } from './execute/event.js'
export type { DocumentRecord, ImageRecord, ManifestRecord } from './execute/image-record.js'
export type { RunOptions } from './execute/handler.js'
export { verifyLayout } from './oci/validate.js'
export type { VerifiedImage, VerifyOptions, VerifyReport } from './oci/verify-report.js'
export {
  inspectLayout,
  type InspectedBlob,
  type InspectedEntry,
  type InspectedImage,
  type InspectReport,
} from './oci/inspect.js'
export type { VerifiedFiles } from './oci/verified.js'
export { formatPlatform, parsePlatform, type Platform } from './oci/platform.js'
export type { Problem, Result } from './util/problem.js'
