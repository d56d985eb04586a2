/* Elements of the page; texts are texts only, whatever they hold. */

export const make = (tag, className = "", text = "", properties = {}) =>
  Object.assign(document.createElement(tag), { className, textContent: text }, properties);

export const named = (element, role, label) => {
  element.setAttribute("role", role);
  element.setAttribute("aria-label", label);
  return element;
};

export const pressed = (button, on) => button.setAttribute("aria-pressed", String(on));

export const button = (text, act, { className = "", title = "" } = {}) => {
  const made = make("button", className, text, { type: "button", title });
  made.addEventListener("click", act);
  return made;
};

/* Call at most once a frame, with the newest arguments. */
export const onceAFrame = (act) => {
  let waiting = null;
  return (...given) => {
    if (waiting === null) requestAnimationFrame(() => { const newest = waiting; waiting = null; act(...newest); });
    waiting = given;
  };
};

/* Call when nothing more was asked for a while. */
export const afterwards = (act, ms) => {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(act, ms, ...given);
  };
};
