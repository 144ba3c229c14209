import { spawn } from 'node:child_process';

/**
 * Runs a command in a network namespace of its own in which only loopback is up:
 * `npx tsx scripts/with-private-network.ts npx vitest run --project dynamo`. Needs root, or a kernel that lets users
 * make namespaces. The command finds no registry in there: fetch what it needs before.
 */
const command = process.argv.slice(2);
if (command.length === 0) {
  console.error('Usage: npx tsx scripts/with-private-network.ts <command> [argument ...]');
  process.exit(2);
}
const asRoot = process.getuid?.() === 0;
const child = spawn(
  'unshare',
  [...(asRoot ? ['-n'] : ['-rn']), 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...command],
  { stdio: 'inherit' },
);
child.once('error', (error) => {
  console.error(`unshare could not be run (${error.message}). Install it: apt-get install util-linux iproute2`);
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.once('exit', (code) => process.exit(code ?? 1));
