import { PassThrough } from 'node:stream';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { buildProgram, createContext } from '../../src/app.ts';
import { GENERATED, page } from './markdown.ts';

/** docs/reference/cli.md: the help texts of all commands, as the program prints them. */
export async function cliReference(): Promise<string> {
  const sink = new PassThrough();
  const host = { argv: [], environment: {}, stdin: sink, stdout: sink, stderr: sink, signals: sink, exit: () => {} };
  const program = await buildProgram(createContext(host));
  return page(
    GENERATED,
    '# Command line',
    'Exit codes: [errors.md](errors.md). Settings that have an environment variable: [config.md](config.md).',
    '## tributary',
    helpOf(program),
    ...program.commands.flatMap((verb) => sections(verb, `tributary ${verb.name()}`)),
  );
}

function sections(command: CommandUnknownOpts, name: string): readonly string[] {
  // Global options are the same everywhere: the first section has them.
  command.configureHelp({ ...command.configureHelp(), showGlobalOptions: false });
  const own = [`## ${name}`, helpOf(command)];
  return [...own, ...command.commands.flatMap((child) => sections(child, `${name} ${child.name()}`))];
}

function helpOf(command: CommandUnknownOpts): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}
