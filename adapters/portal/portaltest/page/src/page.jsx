import { useRef, useState } from 'react';
import Select from 'react-select';
import { ask, tellSwallowed } from './api.js';
import { texts } from './texts.js';

const EMPTY = { number: '', suffix: '', category: '', year: '', zov: '' };

// The names that a changed layout gives to things. Keys are the layouts of the
// Go type Layout; what is not listed keeps its real name.
const RENAMED = {
  input_names: { prefix: 'case.', zov: 'visaCaseNumber' },
  form_classes: { input: 'field__control', label: 'field__label', wrapper: 'panel__form', select: 'dropdown' },
  alert_class: { alert: 'message message--form-', content: 'message__content' },
};

const REAL = {
  prefix: 'proceedings.',
  zov: 'visaApplicationNumber',
  input: 'input__control',
  label: 'input__label',
  wrapper: 'wrapper__form',
  select: 'react-select',
  alert: 'alert alert--form-',
  content: 'alert__content',
};

function Field({ names, label, ...input }) {
  return (
    <div>
      <div>
        <div className="input__wrapper">
          <input type="text" className={names.input} id={input.name} {...input} />
          {label && (
            <label className={names.label} htmlFor={input.name}>
              {label}
            </label>
          )}
        </div>
      </div>
    </div>
  );
}

// Dropdown has its options at once, or fetches them when it is first opened,
// which takes delay milliseconds.
function Dropdown({ names, name, label, options, delay, value, onChange, texts: t }) {
  const [here, setHere] = useState(delay <= 0);
  const asked = useRef(false);
  const items = here ? options.map((o) => ({ value: o, label: o })) : [];
  const fetchOptions = () => {
    if (!here && !asked.current) setTimeout(() => setHere(true), delay);
    asked.current = true;
  };
  return (
    <div className="select__wrapper">
      <Select
        className={names.select}
        classNamePrefix={names.select}
        name={name}
        aria-label={label}
        placeholder={label}
        options={items}
        value={items.find((o) => o.value === value) ?? null}
        onChange={(o) => onChange(o ? o.value : '')}
        formatOptionLabel={(o, { context }) => (context === 'menu' ? <div>{o.label}</div> : o.label)}
        onMenuOpen={fetchOptions}
        isLoading={!here}
        loadingMessage={() => t.loading}
        noOptionsMessage={() => t.noOptions}
      />
    </div>
  );
}

function Alert({ names, kind, html }) {
  return (
    <div className={names.alert + kind}>
      <div className={names.content} dangerouslySetInnerHTML={{ __html: html }} />
    </div>
  );
}

// useQuestion keeps the form's state: what is typed, and the alert of the last
// answer, which stays until the next one, or the word that the question is being
// worked on, replaces it.
function useQuestion(settings) {
  const [fields, setFields] = useState(EMPTY);
  const [alert, setAlert] = useState(null);
  const [incomplete, setIncomplete] = useState(false);
  const [waiting, setWaiting] = useState(false);
  const swallow = useRef({ ...settings.swallow });

  const submit = async (event) => {
    event.preventDefault();
    const { number, category, year, zov } = fields;
    const complete = zov !== '' || (number !== '' && category !== '' && year !== '');
    setIncomplete(!complete);
    if (!complete) return;

    const identity = zov || `OAM-${number}/${category}-${year}`;
    if (swallow.current[identity] > 0) {
      swallow.current[identity]--;
      tellSwallowed({ number, category, year, zov });
      return;
    }
    if (settings.dialog === 'on_click') window.alert(texts[settings.language].notice.text);
    if (settings.popup) window.open('/__replica/LICENSES.txt');
    if (settings.working) setAlert({ kind: 'warning', html: settings.working.replaceAll('{number}', identity) });
    setWaiting(settings.disable_button);
    const answer = await ask(fields, settings.captcha_delay_ms);
    setWaiting(false);
    if (!answer || answer.stale_ms < 0) return;
    const show = () => setAlert({ kind: answer.kind, html: answer.html[settings.language] });
    if (answer.stale_ms > 0) setTimeout(show, answer.stale_ms);
    else show();
  };
  const set = (name) => (value) => setFields((f) => ({ ...f, [name]: value }));
  return { fields, set, alert, incomplete, waiting, submit };
}

// Page is the text with the alert, and below it the form.
export function Page({ settings }) {
  const t = texts[settings.language];
  const names = { ...REAL, ...RENAMED[settings.layout] };
  const { fields, set, alert, incomplete, waiting, submit } = useQuestion(settings);
  const typed = (name) => ({ value: fields[name], onChange: (e) => set(name)(e.target.value) });

  return (
    <>
      <div>
        <div>
          <div>
            <h1>{t.title}</h1>
            <p>{t.intro}</p>
            {alert && <Alert names={names} kind={alert.kind} html={alert.html} />}
          </div>
        </div>
      </div>
      <div className={names.wrapper}>
        <form onSubmit={submit} autoComplete="off" noValidate>
          <div>
            <h2 className="h3">{t.oamHeading}</h2>
            <div className="form__row">
              <Field names={names} name={`${names.prefix}oam`} aria-label="OAM" value="OAM" readOnly disabled />
              <Field
                names={names}
                name={`${names.prefix}referenceNumber`}
                label={t.number}
                placeholder="12345"
                {...typed('number')}
              />
              <Field
                names={names}
                name={`${names.prefix}additionalSuffix`}
                label={t.suffix}
                placeholder="XX"
                {...typed('suffix')}
              />
              <Dropdown
                names={names}
                name={`${names.prefix}category`}
                label={t.category}
                options={settings.categories}
                delay={settings.options_delay_ms}
                value={fields.category}
                onChange={set('category')}
                texts={t}
              />
              <Dropdown
                names={names}
                name={`${names.prefix}year`}
                label={t.year}
                options={settings.years}
                delay={settings.options_delay_ms}
                value={fields.year}
                onChange={set('year')}
                texts={t}
              />
            </div>
            <h2 className="h3 margin-top__20">{t.zovHeading}</h2>
            <div className="form__row">
              <Field names={names} name={names.zov} label={t.zov} placeholder="ABCD123456789..." {...typed('zov')} />
            </div>
            <div className="form__row">
              <button type="submit" className="button button__primary button--large" disabled={waiting}>
                {t.submit}
              </button>
              {incomplete && <p className="form__hint">{t.incomplete}</p>}
            </div>
          </div>
        </form>
      </div>
    </>
  );
}
