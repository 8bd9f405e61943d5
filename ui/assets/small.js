// What makes the small pages handier. All of them work without it.

// take puts the code of a link where it belongs. It stands behind #, which reaches
// no server and no log, and does not stay in the history either.
function take() {
  const code = document.getElementById('code');
  const handed = location.hash.match(/^#([\w-]+)$/)?.[1];
  if (!code || !handed) return;
  code.value = handed;
  history.replaceState(null, '', location.pathname);
  if (code.form.matches('[data-send]')) code.form.requestSubmit(); // It only shows something.
}

take();
addEventListener('hashchange', take); // The link was opened where the page was already.

const print = document.getElementById('print');
if (print) {
  print.hidden = false;
  print.addEventListener('click', () => window.print());
}
