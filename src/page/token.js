/**
 * The token of the address that the agent printed. It arrives as the fragment, which browsers send
 * to nobody, and moves into the storage of this tab, which other ports of the host do not share.
 */

const KEY = "token";

/** @returns {string} the token of the address bar, else the one of this tab, else "" */
export function takeToken() {
  const storage = tabStorage();
  const [, given] = /^#token=([0-9a-f]+)$/.exec(location.hash) ?? [];
  if (given === undefined) return storage?.getItem(KEY) ?? "";
  storage?.setItem(KEY, given);
  history.replaceState(null, "", location.pathname);
  return given;
}

/** Undefined where the browser is told to store nothing: the token then lasts until a reload. */
function tabStorage() {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
}
