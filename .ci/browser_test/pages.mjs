// The pages in a browser: node pages.mjs BROWSER WORK LOCAL. WORK has the tools, and gets the pictures; LOCAL is
// `cargo local`'s binary.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [browserPath, work, local] = process.argv.slice(2);
const tools = createRequire(resolve(work, 'package.json'));
const { chromium } = tools('playwright-core');
const axe = readFileSync(tools.resolve('axe-core/axe.min.js'), 'utf8');

// Of each kind of page so many are looked at.
const OF_A_KIND = 2;
// What must hold at every width: a phone, half a desk, a desk, a wall.
const WIDTHS = [360, 920, 1280, 1600];

/** Serves a world, and says where. */
async function serve(...args) {
  const child = spawn(local, ['serve', '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const served = { child, url: undefined };
  let said = '';
  child.stderr.resume();
  served.url = await new Promise((found, failed) => {
    child.on('exit', (code) => failed(new Error(`cargo local serve ended with ${code}: ${said}`)));
    child.stdout.on('data', (text) => {
      said += text;
      const at = /^The API is at +(\S+)$/m.exec(said);
      if (at) found(at[1]);
    });
  });
  return served;
}

/** A tab that fails for whatever goes wrong in it, and keeps what the hostile world would do. */
async function tab(browser, base, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const faults = [];
  // A page that is a problem has its status, and the browser says so.
  const isStatus = (text) => /the server responded with a status of 4\d\d/.test(text);
  page.on('console', (message) => {
    if (message.type() === 'error' && !isStatus(message.text())) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('dialog', (dialog) => { faults.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(base).origin) faults.push(`it asks for ${request.url()}`);
  });
  await page.addInitScript(() => {
    window.ran = [];
    window.violations = [];
    window.canary = () => window.ran.push('canary');
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
  });
  return { context, page, faults };
}

async function assertQuiet({ page, faults }, where) {
  const { ran, violations } = await page.evaluate(() => ({ ran: window.ran, violations: window.violations }));
  assert.deepEqual({ ran, violations, faults }, { ran: [], violations: [], faults: [] }, where);
}

/** Presses Tab until a link of this name has the focus, and then Enter. */
async function follow(page, name) {
  const before = page.url();
  for (let presses = 0; presses < 200; presses += 1) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const it = document.activeElement;
      const box = it.getBoundingClientRect();
      return { tag: it.tagName, text: it.textContent.trim(), outline: getComputedStyle(it).outlineStyle, seen: box.width > 0 };
    });
    if (focused.tag === 'A' && focused.text === name) {
      assert.equal(focused.outline, 'solid', `${name} does not show that it has the focus`);
      assert.ok(focused.seen, name);
      await Promise.all([page.waitForURL((url) => url.href !== before), page.keyboard.press('Enter')]);
      return;
    }
  }
  assert.fail(`no Tab leads to ${name} on ${before}`);
}

/** From the fleet to an image, with the keyboard alone. */
async function walk(browser, base) {
  const it = await tab(browser, base, { viewport: { width: 1280, height: 900 } });
  const { page } = it;
  await page.goto(`${base}/`);
  assert.equal(new URL(page.url()).pathname, '/v1/clusters', 'a browser begins at the fleet');
  const at = async (path, heading) => {
    assert.equal(decodeURIComponent(page.url().slice(base.length)), path);
    assert.equal(await page.locator('h1').textContent(), heading);
    await assertQuiet(it, path);
  };
  await follow(page, 'microservices');
  await at('/v1/clusters/microservices', 'microservices');
  await follow(page, 'Week');
  await at('/v1/clusters/microservices/week', 'microservices');
  await follow(page, 'users');
  await at('/v1/clusters/microservices/services/users', 'users');
  await follow(page, 'users:1');
  await at('/v1/task-definitions/users/1', 'users:1');
  await page.keyboard.press('Control+Home');
  await follow(page, 'Repositories');
  await at('/v1/repositories', 'Repositories');
  await follow(page, 'users');
  await at('/v1/images?repository=users', 'users');

  // The search: found by its key, and left by another.
  await page.goto(`${base}/v1/clusters/microservices/services`);
  await page.keyboard.press('/');
  await page.keyboard.type('USERS');
  assert.equal(await page.locator('tbody tr:visible').count(), 1);
  assert.equal(await page.locator('#found').textContent(), '1 of 3 rows');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('tbody tr:visible').count(), 3);
  // The first Tab leads past the header.
  await page.goto(`${base}/v1/clusters`);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'To the content');
  await assertQuiet(it, 'search');
  await it.context.close();
}

/** What the policy is for: what gets into a page all the same does not run. */
async function injected(browser, base) {
  const it = await tab(browser, base, {});
  await it.page.route('**/v1/clusters', async (route) => {
    const response = await route.fetch();
    const hostile = '<script>canary()</script><img src="data:," onerror="canary()"><a id="x" href="javascript:canary()">x</a>'
      + '<style>body { display: none }</style><form action="/v1/clusters"></form></main>';
    await route.fulfill({ response, body: (await response.text()).replace('</main>', hostile) });
  });
  await it.page.goto(`${base}/v1/clusters`);
  await it.page.click('#x');
  const { ran, violations, display } = await it.page.evaluate(() => ({
    ran: window.ran, violations: window.violations, display: getComputedStyle(document.body).display,
  }));
  assert.deepEqual(ran, [], 'the policy let something run');
  assert.equal(display, 'block', 'the policy let a style in');
  assert.ok(violations.length >= 3, `the policy did not see it: ${violations}`);
  // The judge sees what is wrong where something is.
  await it.page.evaluate(axe);
  const judged = await it.page.evaluate(() => window.axe.run(document));
  assert.ok(judged.violations.some((one) => one.id === 'image-alt'), 'axe sees no image without a text');
  await it.context.close();
}

/** The kind of a page: the route that answers it. */
function kinds(described) {
  return Object.keys(described.paths)
    .filter((path) => described.paths[path].get)
    .sort((one, other) => one.split('{').length - other.split('{').length)
    .map((path) => [path, new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`)]);
}

/** Every kind of page: its links, its widths, its colours, its paper. */
async function look(browser, base, world, figures) {
  const routes = kinds(await (await fetch(`${base}/openapi.json`)).json());
  const kindOf = (url) => routes.find(([, pattern]) => pattern.test(new URL(url).pathname))?.[0];
  const light = await tab(browser, base, { viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
  const { page } = light;
  const seen = new Map();
  const known = new Set([`${base}/v1/clusters`]);
  const queue = [...known, `${base}/v1/clusters/nowhere`];
  while (queue.length > 0) {
    const url = queue.shift();
    const kind = url.endsWith('/nowhere') ? 'problem' : kindOf(url);
    assert.ok(kind, `${url} is no route of the API`);
    const count = seen.get(kind) ?? 0;
    if (count >= OF_A_KIND) continue;
    seen.set(kind, count + 1);
    const response = await page.goto(url);
    // A task definition may name a repository that is not there.
    const may = kind === 'problem' ? [404] : [200, ...(world === 'hostile' && kind === '/v1/images' ? [404] : [])];
    assert.ok(may.includes(response.status()), `${url}: ${response.status()}`);
    const name = `${world}-${kind.replace(/^\/v1\//, '')}`.replace(/[^A-Za-z]+/g, '-').replace(/-$/, '') + `-${count + 1}`;
    figures.pages += 1;
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(beyond <= 0, `${url} is ${beyond} px wider than ${width} px`);
      if (width === 360) await page.screenshot({ path: `${work}/${name}-narrow.png`, fullPage: true });
    }
    if (count === 0) {
      // With all of it unfolded: what is folded is judged too.
      await page.evaluate(() => document.querySelectorAll('details').forEach((it) => { it.open = true; }));
      await page.evaluate(axe);
      for (const [scheme, width] of [['light', 1280], ['dark', 1280], ['light', 360]]) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize({ width, height: 900 });
        const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
        const told = violations.map((it) => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(' | ')}`);
        assert.deepEqual(told, [], `${url} (${scheme}, ${width} px)`);
        figures.judged += 1;
        if (width === 1280) await page.screenshot({ path: `${work}/${name}-${scheme}.png`, fullPage: true });
      }
      await page.emulateMedia({ colorScheme: 'light' });
    }
    await assertQuiet(light, url);
    const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')].map((it) => it.href.split('#')[0]));
    for (const to of links) {
      assert.ok(to.startsWith(`${base}/v1/`), `${url} leads to ${to}`);
      if (!known.has(to)) {
        known.add(to);
        queue.push(to);
      }
    }
  }
  const missing = routes.map(([path]) => path).filter((path) => !seen.has(path));
  if (world === 'demo') assert.deepEqual(missing, [], 'no link leads to these');
  await light.context.close();
}

/** On paper everything is unfolded, and nothing that only a screen needs is there. */
async function paper(browser, base) {
  const it = await tab(browser, base, { viewport: { width: 1280, height: 900 } });
  await it.page.goto(`${base}/v1/clusters/microservices/services/users`);
  await it.page.emulateMedia({ media: 'print' });
  assert.equal(await it.page.locator('header nav').isVisible(), false);
  await it.page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  assert.equal(await it.page.locator('details:not([open])').count(), 0);
  await it.page.goto(`${base}/v1/clusters/microservices/week`);
  await it.page.pdf({ path: `${work}/week.pdf`, landscape: true, format: 'A4', printBackground: true });
  await it.page.screenshot({ path: `${work}/week-print.png`, fullPage: true });
  await assertQuiet(it, 'paper');
  await it.context.close();
}

const began = Date.now();
const figures = { pages: 0, judged: 0 };
const [demo, hostile] = await Promise.all([serve(), serve('--world', 'emulator/worlds/hostile.json')]);
const browser = await chromium.launch({
  executablePath: browserPath,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
try {
  await walk(browser, demo.url);
  await injected(browser, demo.url);
  await paper(browser, demo.url);
  await look(browser, demo.url, 'demo', figures);
  await look(browser, hostile.url, 'hostile', figures);
} finally {
  await browser.close();
  demo.child.removeAllListeners('exit').kill();
  hostile.child.removeAllListeners('exit').kill();
}
console.log(`${figures.pages} pages, ${figures.judged} times judged by axe, ${Math.round((Date.now() - began) / 1000)} s; pictures in ${work}`);
