// Who is told: the boxes that choose among the channels.

import { said } from './api.js';
import { part, text } from './parts.js';

// called is what a channel is called.
export const called = (c) => (c.paused ? `${c.name} (paused)` : c.name);

// offer shows a box for each channel, the oldest first. Boxes that stand
// already stay where they are, because one of them may have the focus.
export function offer(fieldset, channels, ticked) {
  const stale = new Map([...fieldset.querySelectorAll('input')].map((box) => [box.value, box]));
  for (const c of channels) {
    const box = stale.get(c.id) ?? newBox(fieldset, c.id);
    stale.delete(c.id);
    box.nextElementSibling.textContent = called(c);
    box.checked = ticked(c.id, box);
  }
  for (const box of stale.values()) box.parentElement.remove();
  fieldset.hidden = channels.length === 0;
}

function newBox(fieldset, id) {
  const label = document.createElement('label');
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', value: id });
  label.append(box, document.createElement('span'));
  fieldset.append(label);
  return box;
}

// Told is the part of a card that says who is told, and changes it at once when
// a box is ticked.
export class Told {
  #card;
  #actions;
  #app = null;
  #channels = [];
  #saving = 0; // changes that are under way
  #queue = Promise.resolve(); // they go one after the other

  // actions: save(id, channels) stores a choice and shows it, renew(id) reads
  // an application again, reload() all channels.
  constructor(card, actions) {
    this.#card = card;
    this.#actions = actions;
    const details = part(card, 'told');
    details.addEventListener('toggle', () => {
      if (!details.open) return;
      this.#offer();
      actions.reload();
    });
    details.addEventListener('change', (event) => this.#change(event.target.value, event.target.checked));
  }

  // knowsAll tells whether every channel of the application can be named.
  get knowsAll() { return this.#app.channels.length === this.#chosen().length; }

  show(app, channels) {
    this.#app = app;
    this.know(channels);
  }

  know(channels) {
    const app = this.#app;
    this.#channels = channels.filter((c) => c.owner === app.owner); // Each watcher has its own.
    const chosen = this.#chosen();
    const name = app.label || app.masked;
    const who = `Who is told: ${chosen.map(called).join(', ') || 'nobody'}`;
    const summary = part(this.#card, 'who-is-told');
    summary.textContent = who;
    summary.setAttribute('aria-label', `${who} (${name})`);
    part(this.#card, 'told').querySelector('legend').textContent = `Tell about ${name} through`;
    let warning = app.channels.length ? '' : 'Nobody is told of changes yet.';
    if (chosen.length && chosen.every((c) => c.paused)) warning = 'Nobody is told of changes, because every channel chosen is paused.';
    text(this.#card, 'nobody', warning);
    this.#offer();
  }

  #chosen() { return this.#channels.filter((c) => this.#app.channels.includes(c.id)); }

  // offer shows the boxes, where somebody looks; not while a choice is being
  // stored, which would take it back for a moment.
  #offer() {
    const details = part(this.#card, 'told');
    details.querySelector('fieldset').disabled = !this.#app.may_write;
    if (!details.open || this.#saving > 0) return;
    offer(details.querySelector('fieldset'), this.#channels, (id) => this.#app.channels.includes(id));
    part(details, 'no-channel').hidden = this.#channels.length > 0;
  }

  #change(channel, on) {
    this.#saving += 1;
    text(this.#card, 'saved', '');
    this.#queue = this.#queue.then(() => this.#save(channel, on));
  }

  // save changes one channel of those that are chosen by then.
  async #save(channel, on) {
    const others = this.#app.channels.filter((id) => id !== channel);
    let outcome = 'Saved.';
    try {
      await this.#actions.save(this.#app.id, on ? [...others, channel] : others);
    } catch (err) {
      outcome = said(err);
      // What is shown may be out of date, and the choice must be taken back.
      await Promise.allSettled([this.#actions.renew(this.#app.id), this.#actions.reload()]);
    }
    this.#saving -= 1;
    this.#offer();
    text(this.#card, 'saved', outcome);
  }
}
