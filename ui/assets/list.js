// The list of applications.

import { said } from './api.js';
import { $, made, part, text } from './parts.js';
import { Told } from './told.js';

const mostNews = 20; // Older announcements are forgotten.
const most = 500; // The most the API gives at once; a plain page need not show more.
const statuses = {
  none: 'Waiting for the first answer',
  not_found: 'Not found',
  in_progress: 'In progress',
  suspended: 'Suspended',
  preliminarily_positive: 'Preliminarily positive',
  granted: 'Granted',
  refused: 'Refused or discontinued',
  unknown: 'Unknown answer',
};

// --- times

const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const distance = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
export const moment = (iso) => clock.format(new Date(iso));

export function ago(iso) {
  const minutes = (new Date(iso) - Date.now()) / 60_000;
  const size = Math.abs(minutes);
  if (size < 0.75) return 'now';
  if (size < 59.5) return distance.format(Math.round(minutes), 'minute');
  if (size < 36 * 60) return distance.format(Math.round(minutes / 60), 'hour');
  return distance.format(Math.round(minutes / 60 / 24), 'day');
}

// setTime shows how far off a time is, or other words if there is none.
function setTime(place, iso, none) {
  const el = place.querySelector('time');
  el.dateTime = iso ?? '';
  el.title = iso ? moment(iso) : '';
  el.textContent = none;
  tick(el);
}

// tick makes what is shown of a time true. A next check that has passed is due.
function tick(el) {
  if (!el.dateTime) return;
  const due = el.dataset.past && new Date(el.dateTime) < Date.now();
  el.textContent = due ? el.dataset.past : ago(el.dateTime);
}

// keepTimes keeps the times true as time passes.
export function keepTimes() {
  setInterval(() => document.querySelectorAll('time').forEach(tick), 30_000);
}

// --- cards

const address = (id) => `applications/${encodeURIComponent(id)}`;

// List shows the applications of a session in the order of the API, which is
// that of their IDs.
export class List {
  #cards = new Map(); // application ID → its card
  #told = new Map(); // application ID → who is told, on its card
  #channels = [];
  #session;
  #actions;
  #more = false; // there are more than are shown

  // reload reads the channels again and hands them to know.
  constructor(session, reload) {
    this.#session = session;
    this.#actions = {
      save: async (id, channels) => this.show(await session.patch(address(id), { channels })),
      renew: (id) => this.renew(id),
      reload,
    };
  }

  // know takes the channels there are.
  know(channels) {
    this.#channels = channels;
    for (const told of this.#told.values()) told.know(channels);
  }

  // knowsAll tells whether every channel that is shown can be named.
  get knowsAll() { return [...this.#told.values()].every((t) => t.knowsAll); }

  // load reads everything anew.
  async load() {
    const page = await this.#session.get(`applications?limit=${most}`);
    const gone = new Set(this.#cards.keys());
    this.#more = Boolean(page.next);
    for (const card of this.#cards.values()) card.dataset.revision = 0; // A backup may have been put back.
    for (const app of page.applications) {
      gone.delete(app.id);
      this.show(app);
    }
    gone.forEach((id) => this.forget(id));
    this.#count();
  }

  // renew reads one application anew.
  async renew(id) {
    try {
      this.show(await this.#session.get(address(id)));
    } catch (err) {
      if (err.status !== 404) throw err;
      this.forget(id);
    }
  }

  show(app) {
    if (this.#more && !this.#cards.has(app.id)) return; // It stands behind those that are shown.
    const known = this.#cards.get(app.id);
    if (known && app.revision < Number(known.dataset.revision)) return; // An event has brought a newer one.
    const card = known ?? this.#add(app.id);
    const name = app.label || app.masked;
    text(card, 'name', name);
    text(card, 'masked', app.label ? app.masked : '');
    text(card, 'flags', [app.paused && 'Paused: not checked', app.muted && 'Muted: nobody is told'].filter(Boolean).join(' · '));
    part(card, 'check').setAttribute('aria-label', `Check now: ${name}`);
    part(card, 'check').hidden = !app.may_write;
    part(card, 'unread').hidden = !app.unread;
    part(card, 'seen').setAttribute('aria-label', `Mark as read: ${name}`);
    card.dataset.revision = app.revision;
    const before = card.dataset.status;
    showStatus(card, app);
    if (known && card.dataset.status !== before) announce(app.id, `${name}: ${statuses[card.dataset.status]}`);
    this.#told.get(app.id).show(app, this.#channels);
    showNotes(card, app);
    setTime(part(card, 'answered'), app.answered_at, 'none yet');
    setTime(part(card, 'next'), app.next_check_at, app.paused ? 'paused' : 'none planned');
    const checked = app.checked_at ?? '';
    if (card.dataset.checked !== checked) text(card, 'answer', ''); // What was asked for is done.
    card.dataset.checked = checked;
    this.#count();
  }

  #add(id) {
    const card = made('application');
    this.#cards.set(id, card);
    this.#told.set(id, new Told(card, this.#actions));
    $('applications').append(card);
    part(card, 'check').addEventListener('click', () => this.#checkNow(id, card));
    part(card, 'seen').addEventListener('click', () => this.#seen(id, card));
    return card;
  }

  forget(id) {
    this.#cards.get(id)?.remove();
    this.#cards.delete(id);
    this.#told.delete(id);
    for (const line of [...$('news').children]) if (line.dataset.id === id) line.remove();
    this.#count();
  }

  #count() {
    const n = this.#cards.size;
    $('empty').hidden = n > 0;
    $('count').textContent = this.#more ? `The first ${n} are shown` : `${n || ''}`;
  }

  // point shows which application a link in a message is about.
  point(id) {
    const card = this.#cards.get(id);
    document.querySelector('.wanted')?.classList.remove('wanted');
    card?.classList.add('wanted');
    card?.focus();
  }

  async #seen(id, card) {
    try {
      await this.#session.send(`${address(id)}/seen`);
      part(card, 'unread').hidden = true;
    } catch (err) {
      text(card, 'answer', said(err));
    }
  }

  async #checkNow(id, card) {
    const button = part(card, 'check');
    if (button.ariaDisabled) return; // One at a time.
    button.ariaDisabled = 'true';
    try {
      const t = await this.#session.post(`${address(id)}/check`);
      const queue = t.not_before ? `The portal is being left alone; the check is made after ${moment(t.not_before)}.` : `The check is number ${t.position} in the queue.`;
      text(card, 'answer', t.under_way ? 'The check is under way.' : queue);
    } catch (err) {
      text(card, 'answer', said(err));
    }
    button.ariaDisabled = null;
  }
}

// announce says to screen readers what the eye sees by itself.
function announce(id, words) {
  const news = $('news');
  const line = Object.assign(document.createElement('p'), { textContent: words });
  line.dataset.id = id;
  news.append(line);
  while (news.childElementCount > mostNews) news.firstElementChild.remove();
}

function showStatus(card, app) {
  const known = Object.hasOwn(statuses, app.status ?? 'none');
  const status = known ? app.status ?? 'none' : 'unknown';
  const chip = part(card, 'status');
  card.dataset.status = status;
  chip.className = `status ${status}`;
  chip.querySelector('use').setAttribute('href', `#icon-${status}`);
  chip.querySelector('span').textContent = statuses[status];
  text(card, 'since', app.since ? `since ${moment(app.since)}` : '');
}

function showNotes(card, app) {
  const p = app.pending;
  text(card, 'pending', p ? `“${statuses[p.status] ?? p.status}” was seen ${moment(p.seen_at)} and is being confirmed by a second check.` : '');
  const t = app.trouble;
  const times = t?.count > 1 ? ` (${t.count} checks)` : '';
  const gone = app.gone_at ? `The portal has not shown this number since ${moment(app.gone_at)}. That is not a decision.` : '';
  text(card, 'trouble', t ? `No answer since ${moment(t.since)}: ${t.sentence}${times}.` : gone);
  const words = part(card, 'words');
  words.hidden = !app.text;
  Object.assign(words.querySelector('p'), { textContent: app.text ?? '', lang: app.language ?? '' });
  const link = words.querySelector('a');
  link.hidden = !app.link?.startsWith('https://');
  if (!link.hidden) link.href = app.link;
}
