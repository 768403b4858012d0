import { Material, Mesh, SkinnedMesh, Texture, type Object3D } from "three";

/** Give back everything under `root` that the graphics card holds. */
export function disposeOf(root: Object3D): void {
  root.traverse((node) => {
    if (node instanceof SkinnedMesh) node.skeleton.dispose();
    if (!(node instanceof Mesh)) return;
    const mesh = node as Mesh;
    mesh.geometry.dispose();
    for (const material of Array.isArray(mesh.material) ? mesh.material : [mesh.material]) forget(material);
  });
}

function forget(material: Material): void {
  for (const value of Object.values(material)) if (value instanceof Texture) value.dispose();
  material.dispose();
}
