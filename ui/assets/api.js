// What the page asks of the appliance.

const base = new URL('api/v1/', document.baseURI);
const patience = 40_000; // Longer than a test message may take.
const silence = 40_000; // The stream gives a sign of life every 15 seconds.

// Problem is an answer that is an error, in the API's own words.
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || 'The appliance answered with an error.');
    Object.assign(this, { status, field: body.field, application: body.application });
  }
}

// said puts an error into words for a person.
export const said = (err) => (err instanceof Problem ? err.message : 'The appliance cannot be reached. Look at its power and your network.');

// Session is the API as whoever has signed in sees it: the browser sends its
// cookie along by itself.
export class Session {
  #end = new AbortController();
  #quiet = new AbortController();

  get ended() { return this.#end.signal.aborted; }

  // rest ends the stream of events.
  rest() { this.#quiet.abort(); }

  // end breaks off whatever is under way.
  end() { this.#end.abort(); }

  async #call(method, path, body, signal) {
    const headers = body ? { 'Content-Type': 'application/json' } : {};
    const answer = await fetch(new URL(path, base), {
      method, headers, body: body && JSON.stringify(body), cache: 'no-store', credentials: 'same-origin', redirect: 'error',
      signal: AbortSignal.any([this.#end.signal, signal]),
    });
    if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
    return answer;
  }

  async get(path) { return (await this.#call('GET', path, null, AbortSignal.timeout(patience))).json(); }

  async post(path, body) { return (await this.#call('POST', path, body, AbortSignal.timeout(patience))).json(); }

  // send is post where there is no answer but that it is done.
  async send(path) { await this.#call('POST', path, null, AbortSignal.timeout(patience)); }

  async patch(path, body) { return (await this.#call('PATCH', path, body, AbortSignal.timeout(patience))).json(); }

  // events opens the stream, calls opened, and yields what comes, some events
  // at a time. It ends or throws when the connection is lost.
  async* events(opened) {
    const quiet = new AbortController();
    this.#quiet = quiet;
    let timer = setTimeout(() => quiet.abort(), silence);
    try {
      const answer = await this.#call('GET', 'events', null, quiet.signal);
      await opened();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let pending = '';
      for (let c = await reader.read(); !c.done; c = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => quiet.abort(), silence);
        const whole = (pending + c.value).split('\n\n');
        pending = whole.pop();
        yield whole.map(parse).filter(Boolean);
      }
    } finally {
      clearTimeout(timer);
      quiet.abort();
    }
  }
}

// parse reads one server-sent event, null for a comment.
function parse(text) {
  const kind = /^event: (\w+)$/m.exec(text)?.[1];
  const data = /^data: (.*)$/m.exec(text)?.[1];
  return kind && data ? { kind, id: JSON.parse(data).id } : null;
}
