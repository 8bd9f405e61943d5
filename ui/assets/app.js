// The plain page: it reads the API, and an event stream that says what to read
// again.

import { Session, said } from './api.js';
import { List, ago, keepTimes, moment } from './list.js';
import { $, made, part, text } from './parts.js';
import { offer } from './told.js';

const tokenKey = 'czvm-token';
const privacy = { full: 'shows everything', masked: 'shows a masked number', silent: 'only says that there is news' };

let session = null;
let list = null;
let seenAt = null; // when the appliance was last heard of
let wakeUp = () => {}; // ends the wait for the next connection

// --- the form

async function add(event) {
  event.preventDefault();
  $('add-error').textContent = $('added').textContent = '';
  try {
    const channels = [...$('choose').querySelectorAll(':checked')].map((box) => box.value);
    const app = await session.post('applications', { reference: $('reference').value, label: $('label').value.trim(), channels });
    list.show(app);
    $('added').textContent = `${app.label || app.masked} is being watched.`;
    $('reference').value = $('label').value = '';
    markInvalid('');
    $('reference').focus();
  } catch (err) {
    $('add-error').textContent = said(err);
    markInvalid(err.field ?? '');
    if (err.application) list.point(err.application);
  }
}

// markInvalid leads to the field that is wrong.
function markInvalid(field) {
  for (const name of ['reference', 'label']) {
    $(name).ariaInvalid = String(name === field);
    if (name === field) $(name).focus();
  }
}

// --- channels and source

async function loadChannels() {
  const { channels } = await session.get('channels');
  list.know(channels);
  offer($('choose'), channels, (id, box) => box.checked);
  const stale = new Map([...$('channels').children].map((row) => [row.dataset.id, row]));
  for (const c of channels) {
    showChannel(stale.get(c.id) ?? newRow(c.id), c);
    stale.delete(c.id);
  }
  stale.forEach((row) => row.remove());
  $('no-channels').hidden = channels.length > 0;
}

// look reads the channels because somebody is about to choose among them. If
// that fails, those that are known are offered; the stream says what is wrong.
const look = () => loadChannels().catch(() => {});

function showChannel(row, c) {
  text(row, 'name', c.name);
  text(row, 'about', [c.kind, privacy[c.privacy], c.operator && 'also for operators', c.paused && 'paused'].filter(Boolean).join(' · '));
  part(row, 'test').setAttribute('aria-label', `Send a test message: ${c.name}`);
}

function newRow(id) {
  const row = made('channel');
  row.dataset.id = id;
  $('channels').append(row);
  const button = part(row, 'test');
  button.addEventListener('click', async () => {
    if (button.ariaDisabled) return; // One at a time.
    button.ariaDisabled = 'true';
    text(row, 'answer', 'Sending…');
    try {
      await session.post(`channels/${encodeURIComponent(id)}/test`);
      text(row, 'answer', 'The server has taken the message. Look at your device.');
    } catch (err) {
      text(row, 'answer', said(err));
    }
    button.ariaDisabled = null;
  });
  return row;
}

async function loadSource() {
  const s = await session.get('source');
  const lines = [];
  const age = s.answered_at ? `What is shown is as of ${moment(s.answered_at)} (${ago(s.answered_at)}).` : 'The portal has not answered yet.';
  const rest = s.breaker.open ? ` The portal is being left alone until ${moment(s.breaker.until)}.` : '';
  if (s.failing_since) lines.push(`Checks have been failing since ${moment(s.failing_since)}: ${s.failure.sentence}.${rest} ${age}`);
  for (const n of s.notices) {
    if (n.kind === 'channel_dead') lines.push(`Messages cannot be delivered: ${n.subject}.`);
  }
  $('source').replaceChildren(...lines.map((line) => Object.assign(document.createElement('p'), { textContent: line })));
  $('source').hidden = lines.length === 0;
  $('version').textContent = s.version;
}

// --- live

function setLink(state, words) {
  $('link').className = `link ${state}`;
  $('link').textContent = words;
  $('lost').hidden = state !== 'lost';
}

// loadAll reads everything anew, as after every connection.
async function loadAll() {
  await Promise.all([list.load(), loadChannels(), loadSource()]);
  $('loading').hidden = true;
  setLink('live', 'Live');
  if (!seenAt) pointed();
  seenAt = new Date();
}

// renew reads again what the events name, each once.
async function renew(events) {
  seenAt = new Date();
  for (const e of events) {
    if (e.kind === 'removed') list.forget(e.id);
  }
  for (const id of new Set(events.filter((e) => e.kind === 'application').map((e) => e.id))) await list.renew(id);
  if (!list.knowsAll) await loadChannels(); // One was made elsewhere.
  if (events.some((e) => e.kind === 'source')) await loadSource();
}

// stay keeps the page live until mine ends.
async function stay(mine) {
  for (let tries = 0; !mine.ended; tries += 1) {
    let why = null;
    try {
      for await (const events of mine.events(loadAll)) {
        tries = 0;
        await renew(events);
      }
    } catch (err) {
      why = err;
    }
    if (document.hidden && !mine.ended) {
      setLink('', 'Paused');
      await new Promise((done) => { wakeUp = done; });
      tries = -1;
      continue;
    }
    if (mine.ended) return;
    if (why?.status === 401) {
      signOut('This token is not valid. Check that it was copied whole.');
      return;
    }
    const wait = Math.min(30, 2 ** tries) * (0.75 + Math.random() / 2);
    $('loading').hidden = true;
    setLink('lost', 'Connection lost');
    $('lost-text').textContent = [
      why?.status ? said(why) : '', seenAt ? `What is shown is from ${moment(seenAt)}.` : '', `Next try in ${Math.ceil(wait)} s.`,
    ].filter(Boolean).join(' ');
    await new Promise((done) => {
      wakeUp = done;
      setTimeout(done, wait * 1000);
    });
  }
}

// --- in and out

const pointed = () => location.hash && list?.point(location.hash.replace('#application-', ''));

// keep remembers the token until the tab is closed; '' forgets it.
function keep(token) {
  try {
    sessionStorage.setItem(tokenKey, token);
  } catch {
    // Storage is shut off: the token is asked for again after a reload.
  }
}

function kept() {
  try {
    return sessionStorage.getItem(tokenKey);
  } catch {
    return '';
  }
}

// handed takes a token out of the address (#token=…), as the demo prints it.
// What stands behind # reaches no server, and does not stay in the history.
function handed() {
  if (!location.hash.startsWith('#token=')) return '';
  const token = location.hash.match(/^#token=(\w+)$/)?.[1] ?? '';
  history.replaceState(null, '', location.pathname);
  return token;
}

function signIn(token) {
  forget();
  keep(token);
  session = new Session(token);
  list = new List(session, look);
  seenAt = null;
  $('sign-in').hidden = $('empty').hidden = true;
  $('inside').hidden = $('sign-out').hidden = $('loading').hidden = false;
  setLink('', 'Connecting…');
  stay(session);
}

// forget ends the session and leaves nothing of it on the page.
function forget() {
  session?.end();
  keep('');
  offer($('choose'), [], () => false);
  for (const id of ['applications', 'channels', 'source', 'news']) $(id).replaceChildren();
  for (const form of document.forms) form.reset();
  for (const id of ['add-error', 'added', 'token-error', 'version']) $(id).textContent = '';
}

function signOut(why) {
  forget();
  $('inside').hidden = $('sign-out').hidden = true;
  $('sign-in').hidden = false;
  $('token-error').textContent = why;
  setLink('', '');
  $('token').focus();
}

$('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  const token = $('token').value.trim();
  $('token-error').textContent = token ? '' : 'Enter a token.';
  if (token) signIn(token);
});
$('sign-out').addEventListener('click', () => signOut(''));
$('add').addEventListener('submit', add);
$('add').addEventListener('focusin', (event) => $('add').contains(event.relatedTarget) || look());
$('again').addEventListener('click', () => wakeUp());
addEventListener('online', () => wakeUp());
addEventListener('hashchange', () => {
  const token = handed();
  if (token) signIn(token);
  else pointed();
});
// A page nobody looks at needs no connection, of which a browser has only six.
document.addEventListener('visibilitychange', () => (document.hidden ? session?.rest() : wakeUp()));
keepTimes();

const token = handed() || kept();
if (token) signIn(token);
else signOut('');
