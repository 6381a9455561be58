// Keys that drive while they are held. Physical places, so that they lie as WASD on every keyboard.
const KEYS = {
  KeyW: ['vx', 1], ArrowUp: ['vx', 1], KeyS: ['vx', -1], ArrowDown: ['vx', -1],
  KeyA: ['wz', 1], ArrowLeft: ['wz', 1], KeyD: ['wz', -1], ArrowRight: ['wz', -1],
  KeyQ: ['vy', 1], KeyE: ['vy', -1],
};

export class Keys {
  // `pull(axis, way)` is told -1, 0 or 1 for an axis of a key that was pressed or let go; `stop` of the space bar.
  constructor(pull, stop) {
    this.pull = pull;
    this.stop = stop;
    this.held = new Set();
    addEventListener('keydown', event => this.#key(event, true));
    addEventListener('keyup', event => this.#key(event, false));
  }

  static drives(axis) {
    return Object.values(KEYS).some(([name]) => name === axis);
  }

  // A key that was let go for the person, at a disconnect, is to be pressed anew.
  letGo() {
    this.held.clear();
  }

  #key(event, isDown) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.code === 'Space') {
      event.preventDefault();
      if (isDown && !event.repeat) this.stop();
      return;
    }
    const [axis] = KEYS[event.code] ?? [];
    if (!axis || (event.code.startsWith('Arrow') && event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    if (event.repeat || (!isDown && !this.held.has(event.code))) return;
    if (isDown) this.held.add(event.code);
    else this.held.delete(event.code);
    this.pull(axis, [...this.held].reduce((sum, code) => sum + (KEYS[code][0] === axis ? KEYS[code][1] : 0), 0));
  }
}
