/** CHAOS=full runs the tests of what dies at their full size, which takes minutes more than every run of CI should. */
export const isFullSize = process.env['CHAOS'] === 'full';
