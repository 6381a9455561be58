// The numbers beside the robot. Text goes in as text, never as HTML: names come from files.
const byId = id => document.getElementById(id);
const GOOD = ['running', 'ready'];
const WORDS = new Map([[true, 'on'], [false, 'off']]);
const BAD = ['fallen', 'stopped', 'holding', 'fault'];

function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function signed(value, digits = 2) {
  return value === null || value === undefined ? '–' : (value < 0 ? '−' : '+') + Math.abs(value).toFixed(digits);
}

function say(id, text) {
  byId(id).hidden = text === '';
  byId(id).textContent = text;
}

export class Panel {
  constructor(scene) {
    this.scene = scene;
    byId('title').textContent = scene.title;
    document.title = `${scene.title}: Gaitway view`;
    byId('contacts-section').hidden = scene.contacts.length === 0;
    this.contacts = scene.contacts.map(name => byId('contacts').appendChild(element('span', 'contact', name)));
    byId('command-section').hidden = scene.axes.length === 0;
    this.axes = scene.axes.map(axis => this.#axis(axis));
    this.joints = scene.joints.map(joint => this.#joint(joint));
  }

  #axis(axis) {
    const row = byId('axes').appendChild(element('label', 'axis'));
    row.append(element('span', '', axis.name));
    const slider = row.appendChild(element('input'));
    slider.type = 'range';
    slider.dataset.axis = axis.name;
    Object.assign(slider, { min: -1, max: 1, step: 'any', value: 0, disabled: true });
    const value = row.appendChild(element('b', '', '–'));
    return { ...axis, slider, value };
  }

  #joint(joint) {
    const row = byId('joints').appendChild(element('div', 'joint'));
    const name = row.appendChild(element('span', '', joint.name));
    name.title = `${joint.name}: ${joint.low_rad.toFixed(2)} to ${joint.high_rad.toFixed(2)} rad`;
    const bar = row.appendChild(element('div', 'bar'));
    const angle = bar.appendChild(element('i'));
    const goal = bar.appendChild(element('u'));
    const value = row.appendChild(element('b', '', '–'));
    const share = rad => 100 * Math.min(1, Math.max(0, (rad - joint.low_rad) / (joint.high_rad - joint.low_rad)));
    return { angle, goal, value, share, zero: share(0) };
  }

  show(frame) {
    const state = byId('state');
    state.textContent = frame.state || 'unknown';
    state.className = `badge ${GOOD.includes(frame.state) ? 'good' : BAD.includes(frame.state) ? 'bad' : 'warn'}`;
    byId('fault').hidden = !frame.fault;
    byId('fault').textContent = frame.fault ? `fault: ${frame.fault}` : '';
    say('fault-hint', frame.fault_hint);
    say('stopped', frame.stopped_hint === null ? '' : `Emergency stop. ${frame.stopped_hint}`);
    byId('control').hidden = this.scene.mode !== 'live' || this.scene.axes.length === 0;
    byId('control').classList.toggle('others', frame.held_by !== null);
    byId('owner').textContent = frame.held_by === null ? frame.owner ?? 'nobody' : `${frame.held_by}: the sliders are off meanwhile`;
    byId('time').textContent = `${frame.time_s.toFixed(2)} s`;
    byId('tilt').textContent = frame.tilt_rad === null ? 'unknown' : `${(frame.tilt_rad * 180 / Math.PI).toFixed(1)}°`;
    byId('tick').textContent = frame.tick_ms === null ? '–' : `${frame.tick_ms.toFixed(2)} ms`;
    this.contacts.forEach((contact, index) => {
      contact.classList.toggle('on', frame.contacts[index] === true);
      contact.textContent = `${this.scene.contacts[index]} ${WORDS.get(frame.contacts[index]) ?? '?'}`;
    });
    this.axes.forEach((axis, index) => {
      axis.value.textContent = `${signed(frame.command[index])} ${axis.unit}`;
    });
    this.joints.forEach((joint, index) => this.#showJoint(joint, frame.joint_rad[index], frame.goal_rad[index]));
  }

  #showJoint(joint, angleRad, goalRad) {
    joint.value.textContent = signed(angleRad);
    joint.goal.hidden = goalRad === null;
    if (goalRad !== null) joint.goal.style.left = `${joint.share(goalRad)}%`;
    if (angleRad === null) return;
    const at = joint.share(angleRad);
    joint.angle.style.left = `${Math.min(at, joint.zero)}%`;
    joint.angle.style.width = `${Math.abs(at - joint.zero)}%`;
  }
}

// A notice over the picture, and everything grey, while what is shown is not how the robot is now.
export function tell(notice) {
  document.body.classList.toggle('stale', notice !== null);
  byId('notice').hidden = notice === null;
  if (notice === null) return;
  byId('what').textContent = notice.what;
  byId('age').textContent = notice.age;
}
