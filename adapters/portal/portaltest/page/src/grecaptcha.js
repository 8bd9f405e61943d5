// Stands in for reCAPTCHA v3: no network, no Google. A token names its action,
// and the server takes only tokens made here for the action "proceedings".
window.grecaptcha = {
  ready: (callback) => queueMicrotask(callback),
  execute: (siteKey, { action }) => Promise.resolve(`replica.${action}.${Math.random().toString(36).slice(2)}`),
};
