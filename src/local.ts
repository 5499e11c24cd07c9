// This check precedes all imports: an older Node would fail at one that it does not know, with an obscure message.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Node 20.19 or later is needed; this is ${process.versions.node}. https://nodejs.org has it.\n`);
  process.exit(1);
}

const { runProcess } = await import('./common/process.js');
const { startLocal } = await import('./apps/local/start-local.js');
const { explainLocalFailure } = await import('./apps/local/local-mode.error.js');

await runProcess(startLocal, explainLocalFailure);

export {};
