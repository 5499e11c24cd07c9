/** Prints Jest's own numbers as `N passed, N failed, N skipped`; exits with 1 unless all tests ran and passed. */
import { readFileSync } from 'node:fs';

const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests, success, testResults } = JSON.parse(
  readFileSync(process.argv[2], 'utf8'),
);
// A file that could not be run at all is a failure without a test.
const failed = numFailedTests + numRuntimeErrorTestSuites;
const skipped = numPendingTests + numTodoTests;
for (const { assertionResults } of testResults) {
  for (const { fullName, status } of assertionResults) {
    if (status === 'pending' || status === 'todo') console.log(`skipped: ${fullName}`);
  }
}
console.log(`${numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = success && failed === 0 && skipped === 0 && numPassedTests > 0 ? 0 : 1;
