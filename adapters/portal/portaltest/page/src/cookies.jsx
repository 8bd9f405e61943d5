import { useState } from 'react';
import { texts } from './texts.js';

const CHOICE = 'cookies_choice';

const answered = () => document.cookie.split('; ').some((c) => c.startsWith(`${CHOICE}=`));

// CookieDialog covers the whole page until it is answered. Its container stays
// in the document afterwards, empty. In the mode "twice" the first answer is
// forgotten and the dialog comes back once.
export function CookieDialog({ settings }) {
  const [asks, setAsks] = useState(answered() ? 0 : settings.cookies === 'twice' ? 2 : 1);
  if (asks === 0) return null;

  const t = texts[settings.language][settings.cookies === 'reworded' ? 'cookiesReworded' : 'cookies'];
  const choose = (choice) => () => {
    if (asks === 1) document.cookie = `${CHOICE}=${choice}; path=/; SameSite=Lax`;
    setAsks(asks - 1);
  };
  return (
    <div className="cookies__overlay">
      <div className="cookies__container" role="dialog" aria-label={t.title}>
        <div>
          <div>
            <div>
              <div className="cookies__box">
                <h2>{t.title}</h2>
                <p>{t.text}</p>
                <button type="button" className="button button__primary" onClick={choose('all')}>
                  {t.agree}
                </button>
                <button type="button" className="button button__outline" onClick={choose('none')}>
                  {t.refuse}
                </button>
                <button type="button" className="button" data-cookies-edit="" onClick={choose('some')}>
                  {t.settings}
                </button>
              </div>
            </div>
          </div>
        </div>
      </div>
    </div>
  );
}
