import { ensureExecutable } from './apt-install.mjs';

/**
 * The path of a Chromium executable; Debian's package is installed if there is none (Ubuntu's only leads to a snap).
 * Throws an error that says how to get one otherwise.
 * @returns {string}
 */
export function ensureChromium() {
  return ensureExecutable({
    name: 'chromium',
    packages: ['chromium'],
    advice: [
      'Install it and try again, or name one in CHROMIUM:',
      '  Debian:  sudo apt-get install chromium',
      '  Fedora:  sudo dnf install chromium',
    ],
  });
}
