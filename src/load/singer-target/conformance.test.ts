import { createSingerPlace } from '../../../test/support/singer-place.ts';
import { testDestination } from '../destination.testsuite.ts';

testDestination('a Singer target', createSingerPlace, { crashScripts: 4, changes: 'ordered', transactional: false });
