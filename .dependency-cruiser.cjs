/** Who may import whom. Each rule is a promise of docs/architecture.md. */
module.exports = {
  forbidden: [
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'packages-know-no-app', severity: 'error', from: { path: '^packages/' }, to: { path: '^app/' } },
    {
      name: 'presence-uses-engine-only',
      severity: 'error',
      from: { path: '^packages/presence/' },
      to: { path: '^packages/(?!presence/|engine/)' },
    },
    {
      name: 'linkage-uses-engine-only',
      severity: 'error',
      from: { path: '^packages/linkage/', pathNot: '\\.test\\.ts$' },
      to: { path: '^packages/(?!linkage/|engine/)' },
    },
    { name: 'engine-uses-no-room', severity: 'error', from: { path: '^packages/engine/' }, to: { path: '^packages/(?!engine/)' } },
    { name: 'town-uses-no-room', severity: 'error', from: { path: '^packages/town/' }, to: { path: '^packages/(?!town/)' } },
    { name: 'wall-supervision-support', severity: 'error', from: { path: '^app/src/supervision/' }, to: { path: '^app/src/support/' } },
    { name: 'wall-support-supervision', severity: 'error', from: { path: '^app/src/support/' }, to: { path: '^app/src/supervision/' } },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^app/src/platform/' },
      to: { path: '^app/src/(supervision|support|person|oversight|web|demo|commands)/' },
    },
    {
      name: 'web-knows-no-feature',
      severity: 'error',
      from: { path: '^app/src/web/' },
      to: { path: '^app/src/(supervision|support|person|oversight|demo|commands)/|^app/src/waymark\\.ts$' },
    },
    {
      name: 'nothing-imports-person',
      severity: 'error',
      from: { path: '^app/src/(platform|supervision|support|oversight|web)/' },
      to: { path: '^app/src/person/' },
    },
    {
      name: 'features-do-not-import-oversight',
      severity: 'error',
      from: { path: '^app/src/(platform|supervision|support|person|web)/' },
      to: { path: '^app/src/oversight/' },
    },
    {
      name: 'features-by-their-index',
      severity: 'error',
      from: { path: '^app/src/(person|oversight)/' },
      to: { path: '^app/src/(supervision|support)/', pathNot: '/index\\.ts$' },
    },
    // A folder is entered by its door: index.ts, or routes.ts by whoever mounts it. Tables are read as they are, and what the API answers
    // is described by the types of what answers.
    {
      name: 'folders-by-their-door',
      severity: 'error',
      from: { path: '^app/src/(.+)/[^/]+$', pathNot: '(\\.test|/api-answers)\\.ts$' },
      to: {
        path: '^app/src/(supervision|support|oversight)/',
        pathNot: ['^app/src/$1/[^/]+$', '/index\\.ts$', '/schema/', '/routes\\.ts$'],
      },
    },
    {
      name: 'halves-by-their-door',
      severity: 'error',
      from: { path: '^app/src/[^/]+$' },
      to: { path: '^app/src/(supervision|support|oversight)/', pathNot: ['/index\\.ts$', '/routes\\.ts$'] },
    },
    {
      name: 'routes-are-mounted-by-their-half',
      severity: 'error',
      from: { path: '^app/src/', pathNot: '^app/src/((supervision|support|oversight)/routes|mount)\\.ts$' },
      to: { path: '^app/src/(supervision|support|oversight)/.*routes\\.ts$', pathNot: '-routes\\.ts$' },
    },
    // What runs in a browser stands apart: it uses what every page shares, and nothing of a server.
    {
      name: 'browser-code-knows-no-server',
      severity: 'error',
      from: { path: '\\.browser\\.ts$|^app/src/web/browser/' },
      to: { path: '^(app|packages)/', pathNot: '^app/src/web/(browser|words)/' },
    },
    {
      // Said alike by servers and in browsers, so it leans on neither.
      name: 'words-for-both-import-nothing',
      severity: 'error',
      from: { path: '^app/src/web/words/' },
      to: { path: '.' },
    },
    {
      name: 'servers-import-no-browser-code',
      severity: 'error',
      from: { path: '^app/', pathNot: '\\.browser\\.ts$|^app/src/web/browser/' },
      to: { path: '\\.browser\\.ts$|^app/src/web/browser/' },
    },
    {
      name: 'packages-by-their-index',
      severity: 'error',
      from: { path: '^(app|bench)/' },
      to: { path: '^packages/[^/]+/src/', pathNot: '/src/index\\.ts$' },
    },
    { name: 'known-only', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'node_modules' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
