/**
 * The walls of the house: which room may import which, and which room owns which package. Data goes one way (bytes →
 * wire → onnx → ir → passes → ir → onnx → wire → bytes); a wall that stands in the way of a good change is moved here,
 * in the open, with its reason. Type imports count as imports. The table of rooms has no cycle; cycles between files are
 * found by Biome (noImportCycles), which knows which imports are types only.
 */

/** These belong to no room: every room may speak of errors and progress, and reads records by names from outside. */
const everyRoom = '^src/(diagnostics|events|own-value)\\.ts$';

/** room → rooms whose door it may use, and why no others. */
const rooms = {
  numerics: { imports: [], why: 'typed arrays in, typed arrays out: nothing of ONNX may leak into the mathematics' },
  allocate: { imports: [], why: 'numbers in, choices out: what an option is made of is the business of who asks' },
  ir: {
    imports: [],
    why: 'everyone stands on the IR, so it stands on nothing; tensor bytes come through TensorSource',
  },
  cache: { imports: [], why: 'bytes by key: what they mean is the business of whoever asked' },
  wire: { imports: ['ir'], why: 'bytes and messages only; of the IR it knows the TensorSource that it implements' },
  onnx: { imports: ['wire', 'ir'], why: 'the only translation between messages and the IR' },
  channels: {
    imports: ['ir', 'onnx'],
    why: 'which channels go together is a fact about the graph: who chooses them, and by what data, is not its business',
  },
  pass: {
    imports: ['ir', 'onnx', 'numerics', 'channels'],
    why: 'what a pass author meets must not need files, processes or data',
  },
  rewrite: {
    imports: ['ir', 'onnx', 'numerics', 'channels', 'pass'],
    why: 'plans and transactions work for any pass; what runs a model is handed to them',
  },
  gradient: {
    imports: ['ir', 'onnx'],
    why: 'the derivative of a graph is a graph: who runs it, on which data and what for, is not its business',
  },
  runtime: { imports: ['ir', 'onnx', 'numerics'], why: 'runs models and products; decides nothing about either' },
  data: { imports: ['ir', 'runtime'], why: 'images and arrays become feeds; it knows tensors and ports, not models' },
  observe: {
    imports: ['ir', 'onnx', 'numerics', 'gradient', 'pass', 'rewrite', 'runtime', 'data'],
    why: 'measures what goes through operators; of rewriting it knows the interface that it implements, of passes nothing',
  },
  validate: {
    imports: ['ir', 'onnx', 'numerics', 'runtime', 'data'],
    why: 'a judge that knew the passes would judge them by their intentions instead of by what they wrote',
  },
  timing: {
    imports: ['ir', 'onnx', 'runtime', 'cache'],
    why: 'times operators by their shapes: where they come from, and what follows from their times, is not its business',
  },
  report: { imports: [], why: 'pure data in, text out: a report can be rendered long after the run' },
};

const roomWalls = Object.entries(rooms).map(([room, { imports, why }]) => ({
  name: `room-${room}`,
  comment: why,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^(src|passes)/', pathNot: [everyRoom, ...[room, ...imports].map((name) => `^src/${name}/`)] },
}));

/** package → the one room that may know it, and why. */
const owners = [
  ['protobufjs', '^src/wire/', 'a pass or the IR that saw a protobuf object could not survive another encoding'],
  [
    'onnxruntime-(node|web|common)',
    '^src/runtime/',
    'native code stays behind one door, most of it in child processes',
  ],
  ['yargs|cli-progress|cli-table3|lilconfig', '^src/(cli|report)/', 'only the command talks to people'],
  ['piscina', '^src/pipeline/', 'what runs beside a run is for the run to decide: rooms compute where they are called'],
  ['vega', '^src/report/', 'drawing is the business of one room'],
  ['sharp|npyjs', '^src/data/', 'decoding images and arrays is the business of one room'],
];

const packageWalls = owners.map(([name, owner, comment]) => ({
  name: `package-${name.split(/[-|(]/)[0]}`,
  comment,
  severity: 'error',
  from: { path: '^(src|passes)/', pathNot: owner },
  to: { path: `(^|/)node_modules/(${name})/` },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...roomWalls,
    ...packageWalls,
    {
      name: 'doors-only',
      comment: 'a room is entered through its index.ts, so that everything behind it can be moved without asking',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'doors-only-from-the-root',
      comment: 'the files that wire the rooms together use the doors as well',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: '^src/[^/]+/', pathNot: '^src/[^/]+/index\\.ts$' },
    },
    {
      name: 'passes-use-the-public-door',
      comment: 'built-in passes are written as a stranger would write them: what they need, a stranger needs too',
      severity: 'error',
      from: { path: '^passes/[^/]+/' },
      to: { path: '^src/', pathNot: '^src/(pass|numerics)/index\\.ts$' },
    },
    {
      name: 'passes-by-package-name',
      comment: 'a relative path out of passes/ would break for everybody who copies a pass as a start for their own',
      severity: 'error',
      from: { path: '^passes/[^/]+/' },
      to: { path: '^src/', dependencyTypes: ['local'] },
    },
    {
      name: 'passes-stand-alone',
      comment: 'a pass that needs another pass is a hidden pipeline; what two passes share belongs into a room',
      severity: 'error',
      from: { path: '^passes/([^/]+)/' },
      to: { path: '^passes/', pathNot: '^passes/$1/' },
    },
    {
      name: 'only-the-pipeline-knows-the-passes',
      comment: 'rooms must work for any pass; the list of built-in ones is wired in at one place',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(pipeline|index|registry)\\.ts$|^src/(pipeline|cli)/' },
      to: { path: '^passes/' },
    },
    {
      name: 'no-orphans',
      comment: 'a file that nobody imports and that is no door, no command and no child process is dead',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '\\.(d\\.ts|js)$' },
      to: {},
    },
    {
      name: 'not-to-dev-dependencies',
      comment: 'what ships must run from the dependencies that ship',
      severity: 'error',
      from: { path: '^(src|passes)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      comment: 'an import that cannot be resolved fails at run time only',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', 'src/wire/generated'] },
    exclude: { path: ['^dist/', '^passes/[^/]+\\.mjs$'] },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['onnx-tucker:source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
