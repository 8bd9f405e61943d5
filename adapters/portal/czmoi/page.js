// Runs inside the portal's page. Go calls run(layout, action, argument); each
// action looks or focuses, none changes a value: typing and clicking are done
// from outside, as trusted input.
(layout, action, argument) => {
  const norm = (s) => (s || '').replace(/\s+/g, ' ').trim();
  const fold = (s) => norm(s).toLowerCase();
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  // The button is the one of the form with the visa number: a page may have a
  // search form as well.
  const field = (name) => {
    const form = name === 'submit' && document.querySelector(layout.form.zov)?.closest('form');
    return (form || document).querySelector(layout.form[name]);
  };
  const visible = (el) =>
    !!el && el.getClientRects().length > 0 && getComputedStyle(el).visibility !== 'hidden';

  // until resolves with look() as soon as it returns something, or with late()
  // when the time is up. It looks whenever the document changes. Whoever asked
  // may have gone meanwhile; the next check then calls the waiting off.
  const callOff = 'czvm:calloff';
  const until = (ms, look, late) =>
    new Promise((resolve) => {
      let observer, timer, again;
      const end = (value) => {
        observer.disconnect();
        document.removeEventListener(callOff, stop);
        clearTimeout(timer);
        clearInterval(again);
        resolve(value);
      };
      const stop = () => end(late());
      const check = () => {
        const found = look();
        if (found) end(found);
      };
      observer = new MutationObserver(check);
      observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      document.addEventListener(callOff, stop);
      timer = setTimeout(stop, ms);
      again = setInterval(check, 250); // what changes without a mutation, such as the ready state
      check();
    });

  const textFields = ['number', 'suffix', 'zov'];
  const missing = () => Object.keys(layout.form).filter((name) => !field(name));
  const values = () =>
    Object.fromEntries([...textFields, 'category', 'year'].map((name) => [name, field(name) ? field(name).value : '']));

  // The place that shows an answer never holds the form itself: a selector that
  // matches so much is wrong. A page has one alert or two, of some hundred
  // characters; what it has beyond the bounds is not carried to Go at every look.
  const alerts = () =>
    all(layout.alert.content)
      .filter((el) => visible(el) && !el.querySelector('form, ' + layout.form.zov))
      .slice(0, 8)
      .map((el) => {
        const box = el.closest(layout.alert.box);
        const kind = box && [...box.classList].find((c) => c.startsWith(layout.alert.class_prefix));
        return { class: kind ? kind.slice(layout.alert.class_prefix.length) : '', html: el.innerHTML.slice(0, 65536) };
      });

  const state = () => ({
    url: location.href,
    language: document.documentElement ? document.documentElement.lang : '',
    complete: document.readyState === 'complete',
    missing: missing(),
    foreign: all('form input').some(visible),
    values: values(),
    alerts: alerts(),
    text: missing().length ? norm(document.body ? document.body.innerText : '').slice(0, 4000) : '',
  });

  // place says where to click an element, and whether it would get the click.
  const place = (el) => {
    let r = el.getBoundingClientRect();
    if (r.top < 0 || r.left < 0 || r.bottom > innerHeight || r.right > innerWidth) {
      el.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
      r = el.getBoundingClientRect();
    }
    const x = r.left + r.width / 2;
    const y = r.top + r.height / 2;
    const hit = document.elementFromPoint(x, y);
    return { x, y, free: !!hit && (el.contains(hit) || hit.contains(el)) };
  };

  // overlay finds a dialog that lies over the form, and its button to press. The
  // notice lies above the cookies. Of the cookies' buttons the one that refuses
  // is taken, by its words, else by its place (the second); from the second
  // attempt on the one that accepts.
  const overlay = (attempt) => {
    const close = all(layout.notice.container).filter(visible).flatMap((box) => all(layout.notice.close, box)).find(visible);
    if (close) return { kind: 'notice', button: close };
    const buttons = all(layout.cookies.container)
      .flatMap((box) => all('button, [role=button], a.button', box))
      .filter((b, i, list) => visible(b) && list.indexOf(b) === i && b.type !== 'submit' && !b.closest('form'));
    if (!buttons.length) return null;
    const named = (texts) => buttons.find((b) => texts.some((t) => fold(t) === fold(b.textContent)));
    const refuse = named(layout.cookies.refuse) || buttons[1];
    const accept = named(layout.cookies.accept) || buttons[0];
    return { kind: 'cookies', button: (attempt === 0 && refuse) || accept };
  };

  // A dropdown is found from its hidden input outwards.
  const dropdown = (name) => {
    let root = field(name);
    while (root && !root.querySelector(layout.dropdown.input)) root = root.parentElement;
    return root && { root, input: root.querySelector(layout.dropdown.input) };
  };
  const says = (el, text) =>
    norm(el.textContent) === text || all('*', el).some((e) => !e.children.length && norm(e.textContent) === text);

  const actions = {
    look() {
      document.dispatchEvent(new Event(callOff));
      return state();
    },

    // form waits for the form, a maintenance page, or a form that stays another one.
    form({ wait, settle }) {
      let odd = 0;
      let looked = -Infinity;
      // Such a page says little else; one of the words may stand at the foot of any.
      const maintenance = (s) => s.text.length < 1500 && layout.maintenance.some((m) => fold(s.text).includes(fold(m)));
      return until(
        wait,
        () => {
          if (!missing().length) return state();
          // Reading the whole text is dear, and a page being built changes often.
          if (performance.now() - looked < 200) return null;
          looked = performance.now();
          const s = state();
          if (s.complete && maintenance(s)) return { ...s, maintenance: true };
          if (s.complete && !document.querySelector('body *, script')) return { ...s, empty: s.text === '' };
          if (!s.complete || !s.foreign) return null;
          odd = odd || performance.now();
          return performance.now() - odd > settle ? s : null;
        },
        state,
      );
    },

    // focus puts the cursor into a text field and selects what is there.
    focus(name) {
      const el = field(name);
      if (!el) return false;
      el.focus();
      el.select();
      return document.activeElement === el;
    },

    // open puts the cursor into a dropdown.
    open(name) {
      const d = dropdown(name);
      if (!d) return false;
      d.input.focus();
      return document.activeElement === d.input;
    },

    // option waits for the menu after something was typed, and says where the
    // wanted option is: steps down from the focused one, or -1.
    option({ name, text, wait }) {
      const d = dropdown(name);
      const read = () => {
        const options = all(layout.dropdown.option, d.root);
        if (!options.length) return d.root.querySelector(layout.dropdown.empty) ? { steps: -1 } : null;
        const wanted = options.findIndex((o) => says(o, text));
        if (wanted < 0) return { steps: -1 };
        const focused = options.findIndex((o) => o.matches(layout.dropdown.focused));
        return focused < 0 ? null : { steps: (wanted - focused + options.length) % options.length, count: options.length };
      };
      return until(wait, read, () => ({ steps: -1, silent: true }));
    },

    // ready reads the form once more before it is sent, and finds the button. It
    // waits for what covers or disables the button to go by itself, unless that
    // is a dialog, which will not.
    ready({ wait }) {
      const submit = () => {
        const button = field('submit');
        const p = button ? place(button) : { x: 0, y: 0, free: false };
        return { ...p, free: p.free && !button.disabled };
      };
      const read = () => ({ ...state(), submit: submit() });
      return until(wait, () => (missing().length || overlay(0) || submit().free ? read() : null), read);
    },

    overlay(attempt) {
      const o = overlay(attempt);
      return o && { kind: o.kind, ...place(o.button) };
    },

    // gone waits until the topmost overlay is another one, or none.
    gone({ kind, wait }) {
      return until(wait, () => ((overlay(0) || {}).kind === kind ? null : true), () => false);
    },

    // press clicks an overlay's button that something else covers.
    press(attempt) {
      const o = overlay(attempt);
      if (o) o.button.click();
    },

    // answer waits until the alerts differ from those already known.
    answer({ known, wait }) {
      const was = JSON.stringify(known);
      const read = () => {
        const now = alerts();
        return JSON.stringify(now) === was ? null : now;
      };
      return until(wait, read, () => known);
    },

    // conceal hides what was typed and every reference number from a picture. A
    // number may be spread over several texts.
    conceal(patterns) {
      const style = document.createElement('style');
      style.textContent =
        'input, textarea, select, [contenteditable], [class*="__single-value"] { color: transparent !important; text-shadow: none !important }';
      document.head.append(style);
      const texts = [];
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walker.nextNode())
        if (!walker.currentNode.parentElement.closest('script, style, noscript, textarea, select')) texts.push(walker.currentNode);
      const find = (text, at, hidden) => {
        for (const p of patterns)
          for (const m of text.matchAll(new RegExp(p, 'gi'))) hidden.fill(1, at + m.index, at + m.index + m[0].length);
      };
      const whole = texts.map((t) => t.data).join('');
      const hidden = new Uint8Array(whole.length);
      find(whole, 0, hidden);
      let at = 0;
      for (const t of texts) {
        find(t.data, at, hidden);
        const end = at + t.data.length;
        if (hidden.subarray(at, end).includes(1))
          t.data = t.data.split('').map((c, i) => (hidden[at + i] ? '•' : c)).join('');
        at = end;
      }
    },

    html: () => document.documentElement.outerHTML.slice(0, 2000000),
  };
  return actions[action](argument);
}
