/**
 * Who may import whom:
 *
 *   main -> cli -> agent -> { capture, flow, enrich, emit, policy } -> model
 *                                      flow -> wasm -> model, agent/inspect*.ts -> wasm
 *
 * Stages never import each other; agent/pipeline.ts alone connects them. A type alone connects
 * nothing, so the other files of agent/ may name the types of a stage.
 */
const STAGE = "^src/(capture|flow|enrich|emit|policy)/";
const TEST = "[.]test[.]ts$";

/** Files below `from` may import, of the files below src/, only what `allowed` matches. */
const onlyTo = (name, from, allowed) => ({
  name,
  severity: "error",
  from: { path: from },
  to: { path: "^src/", pathNot: allowed },
});

module.exports = {
  forbidden: [
    { name: "no-cycle", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "declared-packages-only",
      comment: "what ships needs its packages at run time",
      severity: "error",
      from: { path: "^src/", pathNot: TEST },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "environment-neutral",
      comment: "the browser uses these folders as they are",
      severity: "error",
      from: { path: "^src/(model|wasm|flow|page)/", pathNot: TEST },
      to: { dependencyTypes: ["core"] },
    },
    onlyTo("model-imports-model", "^src/model/", "^src/model/"),
    onlyTo("wasm-imports-model", "^src/wasm/", "^src/(wasm|model)/"),
    onlyTo("flow-imports-wasm-and-model", "^src/flow/", "^src/(flow|wasm|model)/"),
    onlyTo("stage-imports-model", "^src/(capture|enrich|emit|policy)/", [
      "^src/model/",
      "^src/$1/",
    ]),
    onlyTo("page-imports-page", "^src/page/", "^src/page/"),
    // `inspect` is no stage: it takes files to the parsers and their records to text.
    onlyTo("inspect-imports-wasm", "^src/agent/inspect[^/]*[.]ts$", "^src/(agent|wasm|model)/"),
    onlyTo("agent-imports-stages-and-model", "^src/agent/(?!inspect)", [
      STAGE,
      "^src/(agent|model)/",
    ]),
    onlyTo("cli-imports-agent-and-model", "^src/cli/", "^src/(cli|agent|model)/"),
    onlyTo("main-imports-cli-and-model", "^src/main[.]ts$", "^src/(cli|model)/"),
    {
      name: "pipeline-alone-wires-stages",
      severity: "error",
      from: {
        path: "^src/agent/",
        pathNot: [
          "^src/agent/pipeline[.]ts$",
          // Hands the configuration of policy on to the command line.
          "^src/agent/config[.]ts$",
          // Hands the capability probe of capture on to the command line.
          "^src/agent/probe[.]ts$",
        ],
      },
      to: { path: STAGE, dependencyTypesNot: ["type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
