import type { CliContext } from './context.ts';
import { addVerbGroup, examples, type Program } from './program.ts';
import { addStateEditVerb } from './state-edit.ts';
import { addStateExportVerb } from './state-export.ts';
import { addStateImportVerb } from './state-import.ts';
import { addStateRewindVerb } from './state-rewind.ts';
import { addStateShowVerb } from './state-show.ts';

export function addStateVerb(program: Program, context: CliContext): void {
  const state = addVerbGroup(program, 'state')
    .summary('look at bookmarks and move them')
    .description(
      'What is stored about the tables of a source beside their rows: versions, bookmarks, types. Moving bookmarks is for ' +
        'repairs; a run that is on its way then ends with FENCED and has to be started again.',
    )
    .addHelpText('after', examples('tributary state show --table orders', 'tributary state export > state.json'));
  addStateShowVerb(state, context);
  addStateExportVerb(state, context);
  addStateImportVerb(state, context);
  addStateEditVerb(state, context);
  addStateRewindVerb(state, context);
}
