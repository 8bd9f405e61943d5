import { CookieDialog } from './cookies.jsx';
import { Notice } from './notice.jsx';
import { Page } from './page.jsx';
import { texts } from './texts.js';

// start reads the settings that the shell carries and mounts the parts of the
// page, each after its own delay. mount renders an element into a container.
export function start(mount) {
  const settings = JSON.parse(document.getElementById('settings').textContent);
  const at = (id) => document.getElementById(id);

  setTimeout(() => {
    mount(<Page settings={settings} />, at('proceedings'));
    if (settings.dialog === 'on_load') window.alert(texts[settings.language].notice.text);
    if (settings.cookies === 'late') {
      setTimeout(() => mount(<CookieDialog settings={settings} />, at('cookies')), settings.cookies_delay_ms);
    }
  }, settings.form_delay_ms);
  if (settings.cookies !== 'late' && settings.cookies !== 'missing') {
    mount(<CookieDialog settings={settings} />, at('cookies'));
  }
  if (settings.dialog === 'on_leave') {
    window.addEventListener('beforeunload', (event) => {
      event.preventDefault();
      event.returnValue = ''; // what older browsers want
    });
  }
  if (settings.notice) {
    mount(<Notice language={settings.language} />, at('notice'));
  }
}
