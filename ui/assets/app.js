// The plain page: it reads the API, and an event stream that says what to read
// again.

import { Session, said } from './api.js';
import { List, ago, keepTimes, moment } from './list.js';
import { $, made, part, text } from './parts.js';
import { offer } from './told.js';

const privacy = { full: 'shows everything', masked: 'shows a masked number', silent: 'only says that there is news' };

const session = new Session();
const list = new List(session, look);
let me = null; // who has signed in
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
  offer($('choose'), channels.filter((c) => c.owner === me.owner), (id, box) => box.checked);
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
function look() { return loadChannels().catch(() => {}); }

function showChannel(row, c) {
  text(row, 'name', c.name);
  part(row, 'test').hidden = !c.may_write;
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

async function loadMe() {
  me = await session.get('me');
  $('me').textContent = me.name;
  $('sheet').hidden = !me.recovery_sheet_due;
}

// --- live

function setLink(state, words) {
  $('link').className = `link ${state}`;
  $('link').textContent = words;
  $('lost').hidden = state !== 'lost';
}

// loadAll reads everything anew, as after every connection.
async function loadAll() {
  await loadMe();
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
      leave();
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

// --- around it

const pointed = () => location.hash && list.point(location.hash.replace('#application-', ''));

// leave goes to where one can sign in, when the session has ended.
function leave() {
  session.end();
  location.assign('sign-in');
}

$('add').addEventListener('submit', add);
$('add').addEventListener('focusin', (event) => $('add').contains(event.relatedTarget) || look());
$('again').addEventListener('click', () => wakeUp());
addEventListener('online', () => wakeUp());
addEventListener('hashchange', pointed);
// A page nobody looks at needs no connection, of which a browser has only six.
document.addEventListener('visibilitychange', () => (document.hidden ? session.rest() : wakeUp()));
keepTimes();

stay(session);
