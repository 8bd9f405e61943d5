// What makes the small pages handier. All of them work without it.

const code = document.getElementById('code');
const handed = location.hash.match(/^#([\w-]+)$/)?.[1];
// The code of a link stands behind #, which reaches no server and no log. It does
// not stay in the history either.
if (code && handed) {
  code.value = handed;
  history.replaceState(null, '', location.pathname);
}

const print = document.getElementById('print');
if (print) {
  print.hidden = false;
  print.addEventListener('click', () => window.print());
}
