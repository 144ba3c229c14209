import { fetchSingerParts } from '../test/support/singer-parts.ts';

/** Fetches the Python tap and the targets for the `singer` test project: `npx tsx scripts/fetch-singer-parts.ts`. */
for (const path of Object.values(await fetchSingerParts())) console.log(path);
