#!/usr/bin/env node
const [verb, ...others] = process.argv.slice(2);
const exit = (code: number): void => process.exit(code);

// The tap has a command line and an output of its own: the program must not even look at its standard output.
const asksForHelp = verb === 'help' && others[0] === 'tap';
if (verb === 'tap' || asksForHelp) {
  const { main, tapHost } = await import('../tap/main.ts');
  exit(await main(tapHost('tributary tap', asksForHelp ? ['--help'] : others)));
}
const { main, outputWritten, processHost } = await import('../app.ts');
const code = await main(processHost(exit));
await outputWritten();
exit(code);
