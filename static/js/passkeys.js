// Passkeys: the browser makes or uses one, and the form carries its answer to Handoff.
// data-passkey says for what: "sign-in", "use" or "add". The page works on without: such a
// form stays hidden where the browser knows no passkeys.
const toBytes = (text) => {
  const base64 = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
};

const toText = (buffer) => {
  const letters = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const withBytes = (keys) => (keys ?? []).map((key) => ({ ...key, id: toBytes(key.id) }));

const answerOf = (credential) => {
  const answer = {
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {},
  };
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    const part = credential.response[name];
    if (part) answer.response[name] = toText(part);
  }
  return answer;
};

const add = async (options, isForSignIn) => {
  const wanted = {
    ...options.publicKey,
    challenge: toBytes(options.publicKey.challenge),
    user: { ...options.publicKey.user, id: toBytes(options.publicKey.user.id) },
    excludeCredentials: withBytes(options.publicKey.excludeCredentials),
  };
  wanted.authenticatorSelection = {
    ...wanted.authenticatorSelection,
    residentKey: isForSignIn ? "required" : "discouraged",
    requireResidentKey: isForSignIn,
  };
  if (isForSignIn) wanted.authenticatorSelection.userVerification = "required";
  return navigator.credentials.create({ publicKey: wanted });
};

const use = (options) =>
  navigator.credentials.get({
    publicKey: {
      ...options.publicKey,
      challenge: toBytes(options.publicKey.challenge),
      allowCredentials: withBytes(options.publicKey.allowCredentials),
    },
  });

const optionsOf = async (form) => {
  if (form.dataset.passkeyOptions) return JSON.parse(form.dataset.passkeyOptions);
  const response = await fetch(form.action, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error("Handoff did not answer. Try again.");
  return (await response.json()).request_options;
};

const sentenceOf = (error) =>
  error.name === "NotAllowedError"
    ? "The browser gave no passkey: it was cancelled, took too long, or there is none."
    : error.name === "InvalidStateError"
      ? "This passkey is added already."
      : error.name === "SecurityError"
        ? "This address cannot use passkeys. Open Handoff at its https address."
        : error.message;

const send = async (form) => {
  const problem = form.querySelector("[data-passkey-problem]");
  problem.hidden = true;
  try {
    const options = await optionsOf(form);
    const isForSignIn = form.elements.passwordless?.checked ?? false;
    const credential = form.dataset.passkey === "add" ? await add(options, isForSignIn) : await use(options);
    form.elements.credential.value = JSON.stringify(answerOf(credential));
    form.submit();
  } catch (error) {
    problem.textContent = sentenceOf(error);
    problem.hidden = false;
  }
};

for (const form of document.querySelectorAll("[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}
