import { writeSync } from 'node:fs';

/* Preloaded into a measured process: writes what it has used to file descriptor 3 when it ends. Plain JavaScript, so that
 * nothing has to be compiled in the process that is measured. */
process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const usage = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakRssMb: Math.round(maxRSS / 1024) };
  writeSync(3, JSON.stringify(usage));
});
