/**
 * The import rules of ARCHITECTURE.md ("Layer map"). `test/imports.test.ts` injects one violation of each rule and expects it to fire.
 * Layers, left to right; a folder imports only what is left of it, members of one brace never import each other:
 * platform <- model <- {config, transcode, singer} <- connection <- {discovery, extract, schema, state, load, store}
 *          <- replication <- jobs <- operations <- {server, cli}; tap sits on replication; app.ts composes; bin starts.
 */
const LAYERS = [
  ['platform'],
  ['model'],
  ['config', 'transcode', 'singer'],
  ['connection'],
  ['discovery', 'extract', 'schema', 'state', 'load', 'store'],
  ['replication'],
  ['jobs'],
  ['operations'],
  ['server', 'cli'],
];
const NOT_PRODUCTION = '\\.(test|testsuite)\\.ts$';
const folder = (name) => `^src/${name}/`;
/** Everything in src/ but the folders named, so that a new folder is forbidden until it is placed. */
const othersThan = (names) => `^src/(?!(${names.join('|')})/)`;
const production = { pathNot: NOT_PRODUCTION };

const layerRules = LAYERS.flatMap((layer, depth) =>
  layer.map((name) => ({
    name: `layer-${name}`,
    comment: `src/${name} imports only what is left of it`,
    severity: 'error',
    from: { path: folder(name), ...production },
    // The simulator has no place among the layers: its own rules say who may load it.
    to: { path: othersThan([...LAYERS.slice(0, depth).flat(), name, ...(name === 'cli' ? ['simulator'] : [])]) },
  })),
);
const only = (name, packages, owners) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: [...owners, NOT_PRODUCTION] },
  to: { path: packages },
});
const forbid = (name, from, to, extra = {}) => ({
  name,
  severity: 'error',
  from: { path: from, ...production, ...extra.from },
  to: { path: to, ...extra.to },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...layerRules,
    forbid('load-adapters-are-siblings', '^src/load/([^/]+)/', '^src/load/([^/]+)/', {
      to: { pathNot: '^src/load/$1/' },
    }),
    forbid('adapters-only-from-registry', '^src/', '^src/load/[^/]+/', {
      from: { pathNot: ['^src/load/registry\\.ts$', '^src/load/[^/]+/', NOT_PRODUCTION] },
    }),
    forbid('registry-imports-lazily', '^src/load/registry\\.ts$', '^src/load/[^/]+/', {
      to: { dynamic: false, dependencyTypesNot: ['type-only'] },
    }),
    forbid('registry-owners', '^src/', '^src/load/registry\\.ts$', {
      from: { pathNot: ['^src/app\\.ts$', '^src/operations/', NOT_PRODUCTION] },
    }),
    forbid('replication-sees-only-the-port', '^src/replication/', '^src/(load/(?!destination\\.ts$)|store/)'),
    forbid('jobs-get-handlers', '^src/jobs/', '^src/replication/'),
    forbid(
      'front-doors-use-operations',
      '^src/(server|cli)/',
      '^src/(connection|discovery|extract|load|schema|state|store|replication|jobs|transcode)/',
    ),
    forbid('cli-verbs-do-not-import-tap', '^src/cli/', '^src/tap/'),
    {
      name: 'tap-stays-light',
      severity: 'error',
      from: { path: '^src/tap/', ...production },
      to: { path: '^src/(server|cli|jobs|store|operations|load/registry\\.ts|load/[^/]+/)', reachable: true },
    },
    forbid('singer-owners', '^src/', '^src/singer/', {
      from: { pathNot: ['^src/(singer|tap|state)/', '^src/load/singer-target/', NOT_PRODUCTION] },
    }),
    forbid('simulator-stands-alone', '^src/simulator/', '^src/(?!(platform|simulator)/)'),
    forbid('simulator-owners', '^src/', '^src/simulator/', {
      from: { pathNot: ['^src/simulator/', '^src/cli/demo\\.ts$', NOT_PRODUCTION] },
    }),
    forbid('simulator-is-loaded-lazily', '^src/cli/demo\\.ts$', '^src/simulator/', {
      to: { dynamic: false, dependencyTypesNot: ['type-only'] },
    }),
    forbid('config-owners', '^src/', '^src/config/', {
      from: { pathNot: ['^src/(config|operations|server|cli|tap)/', '^src/app\\.ts$', NOT_PRODUCTION] },
    }),
    only('aws-sdk-owners', '^node_modules/(@aws-sdk|@smithy)/', [
      '^src/(connection|discovery|extract)/',
      '^src/load/files/',
    ]),
    only('duckdb-owners', '^node_modules/@duckdb/', ['^src/load/(duckdb|files)/']),
    only('pg-owners', '^node_modules/pg', ['^src/load/postgres/', '^src/store/', '^src/jobs/pgboss/']),
    only('cli-parser-owners', '^node_modules/(commander|@commander-js|cli-progress|cli-table3|picocolors)/', [
      '^src/cli/',
      '^src/app\\.ts$',
    ]),
    only('yaml-owners', '^node_modules/yaml/', ['^src/config/']),
    {
      name: 'pure-layers-do-no-io',
      severity: 'error',
      from: { path: '^src/(model|transcode|schema|state|singer)/', ...production },
      to: { path: '^(node:)?(fs|net|http|https|child_process|process|worker_threads)(/|$)', dependencyTypes: ['core'] },
    },
    {
      name: 'production-never-imports-tests',
      severity: 'error',
      from: { path: '^src/', ...production },
      to: { path: ['^(test|bench|scripts)/', NOT_PRODUCTION] },
    },
    {
      name: 'platform-imports-node-only',
      severity: 'error',
      from: { path: '^src/platform/', ...production },
      to: { path: '^node_modules/' },
    },
    { name: 'bin-is-thin', severity: 'error', from: { path: '^src/bin/' }, to: { path: '^src/(?!(app\\.ts$|tap/))' } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
