// The worker that shows the last state without a connection. The server puts before
// it the version of the assets, and their addresses.
/* global version, brought */
//
// What is kept is for the server to say, by a header of each answer: "keep ID" is a
// page that may be shown again to this user, "forget" that nobody is signed in. Other
// answers pass and leave nothing. Pages are read from the server whenever it answers.

const root = new URL('./', self.location.href);
const mine = `czvm:${root.href}:`; // Other programs may have caches at the same host.
const assets = `${mine}${version}:assets`;
const pages = `${mine}${version}:pages:`; // and the ID of whose they are
const most = 50; // pages
const longest = 7 * 24 * 3600_000; // What is older helps nobody any more.

const leaving = ['sign-out', 'account/erase']; // the forms after which nobody is signed in

let forgotten = 0; // How often everything was, so that a late answer is not kept after that.
let turn = Promise.resolve();

// inTurn lets what is done with the pages wait for one another.
function inTurn(what) {
  turn = turn.then(what, what);
  return turn;
}

// clear deletes the caches of ours that are bad.
async function clear(bad) {
  const names = (await caches.keys()).filter((name) => name.startsWith(mine));
  await Promise.all(names.filter(bad).map((name) => caches.delete(name)));
}

const holdsPages = (name) => name.includes(':pages:'); // of any version

function forget() {
  forgotten += 1;
  return inTurn(() => clear(holdsPages));
}

// keep keeps a page as it is to be shown without a connection: what the server has
// put there for that, hidden, can be seen.
async function keep(url, answer, owner, before) {
  const text = (await answer.text()).replaceAll(' data-offline hidden', ' data-offline');
  const headers = new Headers(answer.headers);
  headers.delete('content-encoding'); // It is unpacked.
  headers.delete('vary');
  headers.set('x-kept', String(Date.now()));
  return inTurn(async () => {
    if (before !== forgotten) return;
    await clear((name) => holdsPages(name) && name !== pages + owner);
    const cache = await caches.open(pages + owner);
    await cache.delete(url);
    await cache.put(url, new Response(text, { headers }));
    const all = await cache.keys(); // The oldest first.
    await Promise.all(all.slice(0, Math.max(0, all.length - most)).map((old) => cache.delete(old)));
  });
}

// heed does what the server says to do with an answer.
async function heed(event, url, answer, before) {
  const [what, owner] = (answer.headers.get('x-offline') ?? '').split(' ');
  // What was kept and now leads elsewhere leads to a sign-in, maybe that of a proxy.
  if (what === 'forget' || answer.status === 401 || answer.type === 'opaqueredirect' && await find(url)) {
    await forget(); // Before the answer is shown.
  } else if (what === 'keep' && owner && answer.status === 200 && !answer.redirected) {
    event.waitUntil(keep(url, answer.clone(), owner, before).catch(() => {})); // The disk may be full.
  }
}

// find returns the page that was kept of an address, if there is one.
async function find(url) {
  await turn;
  for (const name of (await caches.keys()).filter((one) => one.startsWith(pages))) {
    const kept = await caches.match(url, { cacheName: name });
    if (kept && Date.now() - Number(kept.headers.get('x-kept')) < longest) return kept;
  }
  return null;
}

// instead is what is shown where the server does not answer.
async function instead(url) {
  const kept = await find(url.replace(/\?.*/, ''));
  if (kept) return kept;
  const page = await caches.match(new URL('offline', root), { cacheName: assets });
  if (!page) return Response.error();
  // Its addresses begin with ./ and it stands in for pages further down.
  return new Response((await page.text()).replaceAll('="./', `="${root.pathname}`), { status: 503, headers: page.headers });
}

async function read(event, url) {
  const before = forgotten;
  let answer;
  try {
    answer = await fetch(event.request);
  } catch (error) {
    if (event.request.mode !== 'navigate') throw error;
    return instead(url);
  }
  await heed(event, url, answer, before);
  return answer;
}

async function asset(request) {
  return await caches.match(request, { cacheName: assets }) ?? fetch(request);
}

self.addEventListener('install', (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(assets);
    await cache.addAll([...brought.map((name) => new URL(name, root)), new Request(new URL('offline', root), { cache: 'no-store' })]);
    await self.skipWaiting();
  })());
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    await inTurn(() => clear((name) => name !== assets && !name.startsWith(pages)));
    await self.clients.claim();
    // What is open was read before there was a worker to keep it.
    for (const client of await self.clients.matchAll({ type: 'window' })) {
      const url = new URL(client.url);
      url.hash = '';
      const before = forgotten;
      const answer = await fetch(url, { headers: { Accept: 'text/html' }, credentials: 'same-origin', cache: 'no-store' }).catch(() => null);
      if (answer) await heed(event, url.href, answer, before);
    }
  })());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (!url.href.startsWith(root.href)) return;
  url.hash = '';
  const path = url.href.slice(root.href.length);
  if (request.method === 'POST' && leaving.includes(path)) {
    event.respondWith(forget().then(() => read(event, url.href))); // Even where the server is not reached.
  } else if (request.method !== 'GET' || (request.headers.get('accept') ?? '').includes('text/event-stream')) {
    // Forms and streams are between the page and the server.
  } else if (path.startsWith('assets/')) {
    event.respondWith(asset(request));
  } else {
    event.respondWith(read(event, url.href));
  }
});
