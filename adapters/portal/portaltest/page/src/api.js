const PATH = '/api/ip/external/proceedings/state/cj/zov';

async function captcha(delay) {
  if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
  return new Promise((resolve) => {
    grecaptcha.ready(() => grecaptcha.execute('replica-site-key', { action: 'proceedings' }).then(resolve));
  });
}

// ask sends the form's question and returns the alert that the answer carries,
// or null where the page shows nothing: a refused captcha, an error of the
// server, no answer at all. The suffix of an OAM number is not sent. The captcha
// takes captchaDelay milliseconds before the question goes out.
export async function ask({ number, category, year, zov }, captchaDelay) {
  const query = new URLSearchParams({ idCj: number, database: category, year, zov });
  const token = await captcha(captchaDelay);
  try {
    const response = await fetch(`${PATH}?${query}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ captcha: token }),
    });
    const answer = await response.json();
    return response.ok || answer.message === 'ENTITY_NOT_EXIST' ? answer.alert : null;
  } catch {
    return null;
  }
}

// tellSwallowed counts a click that the page pretends not to have noticed.
export function tellSwallowed(fields) {
  navigator.sendBeacon('/__replica/swallowed', new URLSearchParams(fields));
}
