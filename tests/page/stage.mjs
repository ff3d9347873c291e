// What the page's tests stand on: a node of their own, and Debian's browser.
import {spawn} from 'node:child_process';
import {createRequire} from 'node:module';
import {join} from 'node:path';

// Starts it, and waits for the address that `said` finds in what it prints. stderr: where its log goes.
export async function startNode(program, words, {said = /listening on (http:\S+)/, stderr = 'ignore'} = {}) {
  const node = spawn(program, words, {stdio: ['ignore', 'pipe', stderr]});
  const address = await new Promise((resolve, reject) => {
    let heard = '';
    node.stdout.on('data', text => {
      heard += text;
      const found = said.exec(heard);
      if (found) resolve(found[1]);
    });
    node.on('exit', code => reject(new Error('the node ended with ' + code)));
  });
  const stop = () => {
    node.removeAllListeners('exit');
    node.kill('SIGTERM');
  };
  return {address, stop};
}

// folder: where playwright-core is.
export function launch(folder, browserPath) {
  const {chromium} = createRequire(join(folder, 'package.json'))('playwright-core');
  return chromium.launch({
    executablePath: browserPath, headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
           '--disable-component-update', '--disable-sync'],
  });
}
