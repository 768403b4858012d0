import { Euler, Quaternion, type Object3D } from "three";

/**
 * Turns one node as the motion says: yaw, pitch, roll about the axes of the *model* (Y up, the face towards +Z),
 * whichever way the node's own axes lie.
 */
export class Turn {
  private readonly before: Quaternion;
  private readonly after: Quaternion;
  private readonly angles = new Euler(0, 0, 0, "YXZ");
  private readonly turned = new Quaternion();

  /** Call it while the model rests, after `updateWorldMatrix`; `model` is what carries the model's axes. */
  constructor(
    private readonly node: Object3D,
    model: Object3D,
  ) {
    const model2world = model.getWorldQuaternion(new Quaternion());
    const parent = (node.parent ?? model).getWorldQuaternion(new Quaternion());
    const parent2model = model2world.invert().multiply(parent);
    this.before = parent2model.clone().invert();
    this.after = parent2model.multiply(node.quaternion);
  }

  /** Radians. */
  to(yaw: number, pitch: number, roll: number): void {
    this.angles.set(pitch, yaw, roll, "YXZ");
    this.turned.setFromEuler(this.angles);
    this.node.quaternion.copy(this.before).multiply(this.turned).multiply(this.after);
  }
}
