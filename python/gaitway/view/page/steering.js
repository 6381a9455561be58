// What a person asks of the robot: sliders, keys, stop. A command is sent again and again while it shall hold, because
// the robot forgets it where nobody renews it: a closed page, a lost cable and a hidden tab all end in a zero command.
const byId = id => document.getElementById(id);
const RENEW_MS = 150;
// Share of the range that a key asks for.
const KEY_SHARE = 0.8;
const KEYS = {
  KeyW: ['vx', 1], ArrowUp: ['vx', 1], KeyS: ['vx', -1], ArrowDown: ['vx', -1],
  KeyA: ['wz', 1], ArrowLeft: ['wz', 1], KeyD: ['wz', -1], ArrowRight: ['wz', -1],
  KeyQ: ['vy', 1], KeyE: ['vy', -1],
};

async function post(what, body = {}) {
  const answer = await fetch(what, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error((await answer.json()).error);
}

export class Steering {
  constructor(axes, may) {
    this.axes = axes.filter(axis => axis.range);
    this.may = may;
    this.held = new Map();
    this.busy = false;
    // False while nothing is heard of the robot: a line that comes back resumes nothing.
    this.isHeard = true;
    byId('stop').hidden = !may.stop;
    byId('stop').addEventListener('click', () => this.stop());
    byId('clear').addEventListener('click', () => post('clear').catch(console.error));
    if (may.command) {
      byId('keys').hidden = !this.axes.some(axis => axis.is_velocity);
      byId('keys').textContent = 'keys: W S forward and back, A D turn, Q E sideways, Space stops';
      this.axes.forEach(axis => axis.slider.addEventListener('dblclick', () => { axis.slider.value = 0; }));
      setInterval(() => this.#renew(), RENEW_MS);
    }
    addEventListener('keydown', event => this.#key(event, true));
    addEventListener('keyup', event => this.#key(event, false));
    addEventListener('blur', () => this.letGo());
    document.addEventListener('visibilitychange', () => document.hidden && this.letGo());
  }

  stop() {
    this.letGo();
    post('stop').catch(error => alert(`Stop did not reach the robot: ${error.message}`));
  }

  hear(isHeard) {
    if (this.isHeard && !isHeard) this.letGo();
    this.isHeard = isHeard;
  }

  show(frame) {
    byId('clear').hidden = !(this.may.clear && frame.state === 'stopped');
  }

  // Velocities to zero; where the head looks stays.
  letGo() {
    this.held.clear();
    this.axes.filter(axis => axis.is_velocity).forEach(axis => { axis.slider.value = 0; });
  }

  #key(event, isDown) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code === 'Space' && this.may.stop) {
      event.preventDefault();
      if (isDown && !event.repeat) this.stop();
      return;
    }
    const [name, sign] = KEYS[event.code] ?? [];
    const axis = this.axes.find(each => each.name === name);
    if (!axis || (event.code.startsWith('Arrow') && event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    // A key that was let go for the person, at a disconnect, is to be pressed anew.
    if (event.repeat) return;
    isDown ? this.held.set(event.code, sign) : this.held.delete(event.code);
    const pull = Object.entries(KEYS).reduce((sum, [code, [of, way]]) => sum + (of === name && this.held.has(code) ? way : 0), 0);
    axis.slider.value = pull === 0 ? 0 : KEY_SHARE * (pull > 0 ? axis.range[1] : axis.range[0]);
  }

  async #renew() {
    if (this.busy || !this.isHeard || document.hidden) return;
    this.busy = true;
    try {
      await post('command', { values: Object.fromEntries(this.axes.map(axis => [axis.name, Number(axis.slider.value)])) });
    } catch { /* The stream tells that nobody answers. */ } finally { this.busy = false; }
  }
}
