import { useState } from 'react';
import { texts } from './texts.js';

// Notice is the news window that lies over the form, with a veil that takes the
// clicks, until it is closed.
export function Notice({ language }) {
  const [open, setOpen] = useState(true);
  if (!open) return null;
  const t = texts[language].notice;
  return (
    <>
      <div className="modal-backdrop" />
      <div className="modal__window" role="dialog" aria-label={t.title}>
        <button type="button" className="button button__close" aria-label={t.close} onClick={() => setOpen(false)}>
          ×
        </button>
        <h2>{t.title}</h2>
        <p>{t.text}</p>
      </div>
    </>
  );
}
