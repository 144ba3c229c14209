import { createFilesDestination } from '../../src/load/files/files.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { TributaryError } from '../../src/platform/errors.ts';
import { childPage, childPosition, PAGES_OF_CHILD } from './child-pages.ts';
import { tableLoader } from './table-loader.ts';

/*
 * A process that loads version 1 of a table into the folder it is given, page by page from its bookmarks, so that a test
 * can kill it. It writes a line for every commit and exits with 3 when it is fenced.
 */
const [path = ''] = process.argv.slice(2);
const destination = createFilesDestination({ path }, { clock: systemClock });
const loader = tableLoader();
try {
  await loader.adopt(destination);
  const lane = await loader.open(destination, 1);
  for (const unit of loader.units) {
    const from = lane.load.units.get(unit)?.position;
    let durable = 0;
    while (childPosition(durable) !== from) durable += 1;
    for (let page = durable; page < PAGES_OF_CHILD; page += 1) {
      await lane.put(childPage(unit, page), childPosition(page + 1), unit);
      process.stdout.write(`${unit} ${page + 1}\n`);
    }
  }
} catch (error) {
  if (!(error instanceof TributaryError) || error.code !== 'FENCED') throw error;
  process.exitCode = 3;
}
