// The robot in 3D. Bodies come as positions and quaternions in MuJoCo's axes: x forward, y left, z up, metres.
import * as THREE from './three.module.min.js';

const FLOOR_M = 40;
// The camera follows the robot this late.
const FOLLOW_MS = 250;
const APART_M = 0.002, APART_RAD = 0.02;
// As the marks of the goals beside the joints.
const GOAL = '#d9480f';

function geometryOf(shape) {
  const [a, b, c] = shape.size;
  switch (shape.kind) {
    case 'box': return new THREE.BoxGeometry(2 * a, 2 * b, 2 * c);
    case 'sphere': return new THREE.SphereGeometry(a, 28, 18);
    case 'ellipsoid': return new THREE.SphereGeometry(1, 32, 20).scale(a, b, c);
    // three.js stands these along y, MuJoCo along z.
    case 'capsule': return new THREE.CapsuleGeometry(a, 2 * b, 10, 24).rotateX(Math.PI / 2);
    case 'cylinder': return new THREE.CylinderGeometry(a, a, 2 * b, 32).rotateX(Math.PI / 2);
    case 'mesh': {
      // MuJoCo counts normals and vertices apart, three.js together.
      const corners = (rows, indices) => indices.flatMap(index => rows.slice(3 * index, 3 * index + 3));
      const geometry = new THREE.BufferGeometry();
      const attribute = (rows, indices) => new THREE.Float32BufferAttribute(corners(rows, indices), 3);
      geometry.setAttribute('position', attribute(shape.vertices, shape.corners));
      geometry.setAttribute('normal', attribute(shape.normals, shape.corner_normals));
      return geometry;
    }
    default: return null;
  }
}

function tiles() {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 256;
  const pen = canvas.getContext('2d');
  for (const [x, y] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
    pen.fillStyle = (x + y) % 2 ? '#c9d1d9' : '#dce2e8';
    pen.fillRect(128 * x, 128 * y, 128, 128);
  }
  const texture = new THREE.CanvasTexture(canvas);
  texture.colorSpace = THREE.SRGBColorSpace;
  texture.wrapS = texture.wrapT = THREE.RepeatWrapping;
  texture.repeat.set(FLOOR_M / 0.4, FLOOR_M / 0.4);
  texture.anisotropy = 8;
  return texture;
}

export class World {
  constructor(canvas, scene) {
    this.canvas = canvas;
    this.renderer = new THREE.WebGLRenderer({ canvas, antialias: true });
    this.renderer.shadowMap.enabled = true;
    this.renderer.shadowMap.type = THREE.PCFSoftShadowMap;
    this.scene = new THREE.Scene();
    this.scene.background = new THREE.Color('#dfe9f2');
    this.scene.fog = new THREE.Fog('#dfe9f2', 5 * scene.extent_m, 24 * scene.extent_m);
    this.camera = new THREE.PerspectiveCamera(38, 1, 0.01, 60);
    this.camera.up.set(0, 0, 1);
    this.base = scene.base_body;
    this.extent = scene.extent_m;
    this.target = new THREE.Vector3(...scene.centre_m);
    this.view = { azimuth: 0.7, elevation: 0.25, distance: 2.2 * this.extent };
    this.drawnMs = performance.now();
    this.bodies = Array.from({ length: scene.bodies }, () => this.scene.add(new THREE.Group()).children.at(-1));
    // The same bodies with the joints at their goals.
    this.ghost = this.scene.add(new THREE.Group()).children.at(-1);
    this.ghosts = this.bodies.map(() => this.ghost.add(new THREE.Group()).children.at(-1));
    this.ghostMaterial = new THREE.MeshBasicMaterial({ color: GOAL, transparent: true, opacity: 0.3, depthWrite: false });
    this.showGoals(false);
    this.#light();
    scene.shapes.forEach(shape => this.#add(shape));
    this.#handle();
  }

  #light() {
    this.scene.add(new THREE.HemisphereLight('#ffffff', '#aab4bf', 1.7));
    this.sun = new THREE.DirectionalLight('#ffffff', 1.9);
    this.sun.castShadow = true;
    this.sun.shadow.mapSize.set(1024, 1024);
    Object.assign(this.sun.shadow.camera, this.#sunBox());
    this.sun.shadow.normalBias = 0.004;
    this.scene.add(this.sun, this.sun.target);
  }

  #sunBox() {
    const reach = 1.2 * this.extent;
    return { left: -reach, right: reach, top: reach, bottom: -reach, near: 0.1 * reach, far: 10 * reach };
  }

  #add(shape) {
    const body = this.bodies[shape.body];
    const [r, g, b, alpha] = shape.rgba;
    if (shape.kind === 'plane') {
      const floor = new THREE.Mesh(new THREE.PlaneGeometry(FLOOR_M, FLOOR_M), new THREE.MeshLambertMaterial({ map: tiles() }));
      floor.receiveShadow = true;
      this.#place(floor, shape);
      body.add(floor);
      return;
    }
    const material = new THREE.MeshStandardMaterial({ roughness: 0.6, transparent: alpha < 1, opacity: alpha });
    material.color.setRGB(r, g, b, THREE.SRGBColorSpace);
    const mesh = new THREE.Mesh(geometryOf(shape), material);
    mesh.castShadow = mesh.receiveShadow = true;
    this.#place(mesh, shape);
    body.add(mesh);
    if (shape.body === 0) return;
    const ghost = new THREE.Mesh(mesh.geometry, this.ghostMaterial);
    this.#place(ghost, shape);
    this.ghosts[shape.body].add(ghost);
  }

  #place(object, shape) {
    const [w, x, y, z] = shape.quaternion;
    object.position.fromArray(shape.position);
    object.quaternion.set(x, y, z, w);
  }

  pose(rows, goalRows) {
    this.#pose(this.bodies, rows);
    this.hasGoals = goalRows !== null;
    if (this.hasGoals) {
      this.#pose(this.ghosts, goalRows);
      // Two of the same in the same place flicker; what is where it shall be needs no ghost.
      this.ghosts.forEach((ghost, index) => { ghost.visible = this.#isApart(ghost, this.bodies[index]); });
    }
    this.ghost.visible = this.hasGoals && this.goalsShown;
  }

  showGoals(isShown) {
    this.goalsShown = isShown;
    this.ghost.visible = isShown && this.hasGoals === true;
  }

  #isApart(one, other) {
    return one.position.distanceTo(other.position) > APART_M || one.quaternion.angleTo(other.quaternion) > APART_RAD;
  }

  #pose(bodies, rows) {
    bodies.forEach((body, index) => {
      const at = 7 * index;
      body.position.set(rows[at], rows[at + 1], rows[at + 2]);
      body.quaternion.set(rows[at + 4], rows[at + 5], rows[at + 6], rows[at + 3]);
    });
  }

  // Looks at the robot's base, and takes the sun with it. Returns how long drawing took, ms.
  draw() {
    const began = performance.now();
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = Math.min(window.devicePixelRatio, 2);
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.renderer.setPixelRatio(ratio);
      this.renderer.setSize(width, height, false);
      this.camera.aspect = width / height;
      this.camera.updateProjectionMatrix();
    }
    const base = this.bodies[this.base].position;
    // The height stays: it would make the picture bob with every step.
    const aim = new THREE.Vector3(base.x, base.y, this.target.z);
    const share = 1 - Math.exp((this.drawnMs - began) / FOLLOW_MS);
    this.drawnMs = began;
    this.target.lerp(aim, this.target.distanceTo(aim) > 2 * this.extent ? 1 : share);
    const { azimuth, elevation, distance } = this.view;
    this.camera.position.set(
      this.target.x + distance * Math.cos(elevation) * Math.cos(azimuth),
      this.target.y + distance * Math.cos(elevation) * Math.sin(azimuth),
      this.target.z + distance * Math.sin(elevation),
    );
    this.camera.lookAt(this.target);
    this.sun.target.position.copy(this.target);
    this.sun.position.copy(this.target).add(new THREE.Vector3(0.9, 0.6, 2.2).multiplyScalar(2 * this.extent));
    this.renderer.render(this.scene, this.camera);
    return performance.now() - began;
  }

  #handle() {
    const canvas = this.canvas;
    canvas.addEventListener('pointerdown', event => canvas.setPointerCapture(event.pointerId));
    canvas.addEventListener('pointermove', event => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      this.view.azimuth -= event.movementX * 0.008;
      this.view.elevation = Math.min(1.5, Math.max(0.02, this.view.elevation + event.movementY * 0.006));
    });
    canvas.addEventListener('wheel', event => {
      event.preventDefault();
      this.view.distance = Math.min(10 * this.extent, Math.max(0.4 * this.extent, this.view.distance * Math.exp(event.deltaY * 0.001)));
    }, { passive: false });
  }
}
