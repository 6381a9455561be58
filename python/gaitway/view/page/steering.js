// What a person asks of the robot: sliders, keys, modes, stop. A command is sent again and again while it shall hold,
// because the robot forgets it where nobody renews it: a closed page, a lost cable and a hidden tab all end in a zero
// command. A page that does not steer sends nothing, and its sliders show what the robot is told by others.
import { Keys } from './keys.js';

const byId = id => document.getElementById(id);
const STEP_MS = 50;
const RENEW_MS = 100;
// From one end of the range to the middle: what is let go eases to zero.
const EASE_MS = 350;
// After the last change it is said for so long that all is zero.
const LINGER_MS = 400;
// A refusal is shown for so long.
const NOTE_MS = 8000;
// Share of the range that a key asks for.
const KEY_SHARE = 0.8;
const PAGE = crypto.randomUUID();

async function post(what, body = {}) {
  const answer = await fetch(what, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.hint ? `${said.error}: ${said.hint}` : said.error);
  return said;
}

export class Steering {
  constructor(axes) {
    this.axes = axes.map(axis => ({ ...axis, range: null, value: 0, target: 0, isHeld: false, isKept: false }));
    this.isHeard = false;
    this.heldBy = null;
    this.command = [];
    this.lingersMs = this.sentMs = 0;
    this.isBusy = false;
    this.#say('');
    this.keys = new Keys((axis, way) => this.#pull(axis, way), () => this.stop());
    byId('stop').addEventListener('click', () => this.stop());
    byId('clear').addEventListener('click', () => this.#ask('clear'));
    byId('give-up').addEventListener('click', () => this.letGo(true));
    this.axes.forEach(axis => this.#handle(axis));
    addEventListener('blur', () => this.letGo());
    document.addEventListener('visibilitychange', () => document.hidden && this.letGo(true));
    setInterval(() => this.#step(), STEP_MS);
  }

  // What may be asked of the robot as it is connected now.
  allow(may) {
    this.may = may;
    byId('stop').hidden = !may.stop;
    this.axes.forEach(axis => {
      axis.range = may.command ? may.ranges[axis.name] ?? null : null;
      if (axis.range) Object.assign(axis.slider, { min: axis.range[0], max: axis.range[1] });
    });
    const buttons = may.modes.map(mode => {
      const button = document.createElement('button');
      button.textContent = mode;
      button.addEventListener('click', () => { button.blur(); this.#ask('mode', { mode }); });
      return button;
    });
    byId('modes').replaceChildren(...buttons);
    byId('modes').hidden = buttons.length === 0;
    byId('keys').hidden = !this.axes.some(axis => axis.range && Keys.drives(axis.name));
    this.#grey();
  }

  stop() {
    if (!this.may?.stop) return;
    byId('stop').blur();
    this.letGo();
    this.#say('');
    post('stop').catch(error => this.#say(`Stop did not reach the robot: ${error.message}`));
  }

  hear(isHeard) {
    if (isHeard === this.isHeard) return;
    this.isHeard = isHeard;
    this.#say('');
    if (!isHeard) this.letGo(true);
    this.#grey();
  }

  show(frame) {
    this.command = frame.command;
    if (this.heldBy !== frame.held_by || this.isStopped !== (frame.stopped_hint !== null)) {
      this.heldBy = frame.held_by;
      this.isStopped = frame.stopped_hint !== null;
      if (this.#isOff()) this.letGo(true);
      this.#grey();
    }
    byId('give-up').hidden = !this.axes.some(axis => axis.isKept);
    byId('clear').hidden = !(this.may?.clear && this.isStopped);
    if (!this.#isSteering()) this.#follow();
  }

  // Velocities ease to zero, and angles stay, which are commanded on; or nothing is commanded any more.
  letGo(atOnce = false) {
    this.keys.letGo();
    for (const axis of this.axes) {
      axis.isHeld = false;
      if (axis.is_velocity) axis.target = 0;
      if (atOnce) {
        axis.value = axis.target;
        axis.isKept = false;
      }
    }
    if (atOnce) this.lingersMs = 0;
  }

  // Until the next one, or for a while: what was refused a minute ago is no news.
  #say(note) {
    clearTimeout(this.noteTimer);
    byId('note').textContent = note;
    if (note !== '') this.noteTimer = setTimeout(() => this.#say(''), NOTE_MS);
  }

  #isOff() {
    return !this.isHeard || this.heldBy !== null || this.isStopped || !this.may?.command;
  }

  #grey() {
    this.axes.forEach(axis => { axis.slider.disabled = axis.range === null || this.#isOff(); });
    byId('modes').querySelectorAll('button').forEach(button => { button.disabled = !this.isHeard; });
  }

  #handle(axis) {
    const release = () => {
      if (!axis.isHeld) return;
      axis.isHeld = false;
      if (axis.is_velocity) axis.target = 0;
    };
    axis.slider.addEventListener('pointerdown', () => { axis.isHeld = true; });
    axis.slider.addEventListener('input', () => {
      axis.isHeld = true;
      this.#want(axis, Number(axis.slider.value));
    });
    for (const end of ['pointerup', 'pointercancel', 'keyup', 'blur']) axis.slider.addEventListener(end, release);
    axis.slider.addEventListener('dblclick', () => this.#want(axis, 0));
  }

  #pull(name, way) {
    const axis = this.axes.find(each => each.name === name);
    // Nor does it count later: it is to be pressed anew.
    if (!axis?.range || this.#isOff()) return this.keys.letGo();
    this.#want(axis, way === 0 ? 0 : KEY_SHARE * (way > 0 ? axis.range[1] : axis.range[0]));
  }

  #want(axis, value) {
    if (this.#isOff()) return;
    // Whoever takes over begins where the robot is, not with a jerk.
    if (!this.#isSteering()) this.#follow();
    const [low, high] = axis.range;
    axis.target = Math.min(high, Math.max(low, value));
    // An angle that nobody commands any more is whatever somebody weaker commands.
    axis.isKept = !axis.is_velocity;
    this.lingersMs = performance.now() + LINGER_MS;
  }

  #isSteering() {
    return performance.now() < this.lingersMs || this.keys.held.size > 0
      || this.axes.some(axis => axis.range && (axis.isHeld || axis.isKept || (axis.is_velocity && (axis.target !== 0 || this.#isMoving(axis)))));
  }

  #isMoving(axis) {
    return axis.value !== axis.target && this.lingersMs > 0;
  }

  // As the robot is told by others.
  #follow() {
    this.axes.forEach((axis, index) => {
      const told = this.command[index] ?? 0;
      axis.value = axis.range ? Math.min(axis.range[1], Math.max(axis.range[0], told)) : told;
      axis.target = axis.is_velocity ? 0 : axis.value;
      axis.slider.value = told;
    });
    this.lingersMs = 0;
  }

  #step() {
    if (!this.#isSteering() || this.#isOff()) return;
    for (const axis of this.axes.filter(each => each.range)) {
      const most = (axis.range[1] - axis.range[0]) / 2 * STEP_MS / EASE_MS;
      const before = axis.value;
      axis.value += Math.max(-most, Math.min(most, axis.target - axis.value));
      if (axis.value !== before) this.lingersMs = performance.now() + LINGER_MS;
      if (!axis.isHeld) axis.slider.value = axis.value;
    }
    this.#renew();
  }

  async #renew() {
    const nowMs = performance.now();
    if (this.isBusy || document.hidden || nowMs - this.sentMs < RENEW_MS) return;
    this.sentMs = nowMs;
    this.isBusy = true;
    const axes = this.axes.filter(axis => axis.range);
    try {
      const said = await post('command', { page: PAGE, values: Object.fromEntries(axes.map(axis => [axis.name, axis.value])) });
      this.#say(said.note ? `Not followed: ${said.note}` : '');
    } catch (error) {
      this.#say(`Refused: ${error.message}`);
      this.letGo(true);
    } finally {
      this.isBusy = false;
    }
  }

  async #ask(what, body = {}) {
    byId('clear').blur();
    try {
      await post(what, body);
      this.#say('');
    } catch (error) {
      this.#say(`Refused: ${error.message}`);
    }
  }
}
