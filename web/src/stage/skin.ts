import { Mesh, MeshStandardMaterial, type Material, type Object3D } from "three";
import type { Surface } from "./lights.ts";
import { vertexLit } from "./vertex-lit.ts";

/** How far light goes round the edge of shadow in skin: blood lets red through. */
const SKIN_WRAP = [0.38, 0.17, 0.12] as const;
const HARD = [0.05, 0.05, 0.05] as const;

/** How the parts of the project's own heads take light, by the names of their materials. */
const SURFACES: Readonly<Record<string, Surface>> = {
  skin: { wrap: SKIN_WRAP, specular: 0.06, shininess: 14 },
  eye: { wrap: [0.2, 0.16, 0.16], specular: 0.25, shininess: 60, glint: 0.75 },
  teeth: { wrap: [0.2, 0.2, 0.2], specular: 0.12, shininess: 60 },
  tongue: { wrap: SKIN_WRAP, specular: 0.1, shininess: 30 },
  mouth: { wrap: SKIN_WRAP, specular: 0.02, shininess: 20 },
  hair: { wrap: [0.12, 0.1, 0.1], specular: 0.05, shininess: 26 },
  "hair cap": { wrap: HARD, specular: 0.02, shininess: 12 },
};

/** Make a head's materials suit the stage: skin that light goes into, and pixels that cost little if `cheap`. */
export function dress(root: Object3D, cheap: boolean): void {
  root.traverse((node) => {
    if (!(node instanceof Mesh)) return;
    const mesh = node as Mesh;
    const change = (material: Material): Material => {
      if (!(material instanceof MeshStandardMaterial)) return material;
      if (material.name === "lashes") material.depthWrite = false;
      if (cheap) {
        const lit = vertexLit(mesh, material, SURFACES[material.name] ?? plainSurface(material));
        material.dispose();
        return lit;
      }
      if (material.name === "skin") soften(material);
      if (/^(mouth|teeth|tongue)$/.test(material.name)) material.envMapIntensity = 0.3; // behind the lips
      return material;
    };
    mesh.material = Array.isArray(mesh.material) ? mesh.material.map(change) : change(mesh.material);
  });
}

function plainSurface(material: MeshStandardMaterial): Surface {
  const gloss = 1 - material.roughness;
  return { wrap: HARD, specular: 0.02 + 0.4 * gloss ** 3, shininess: 6 + 200 * gloss ** 3 };
}

/** Replaces the sharp edge of shadow by one that reddens and wraps, a cheap stand-in for light under the skin. */
function soften(material: MeshStandardMaterial): void {
  material.onBeforeCompile = (shader) => {
    shader.fragmentShader = shader.fragmentShader.replace(
      "#include <lights_physical_pars_fragment>",
      `#include <lights_physical_pars_fragment>
      void RE_Direct_Skin( const in IncidentLight directLight, const in vec3 geometryPosition, const in vec3 geometryNormal, const in vec3 geometryViewDir, const in vec3 geometryClearcoatNormal, const in PhysicalMaterial material, inout ReflectedLight reflectedLight ) {
        float facing = dot( geometryNormal, directLight.direction );
        vec3 wrap = vec3(${SKIN_WRAP.join(", ")});
        vec3 soft = clamp( ( facing + wrap ) / ( ( 1.0 + wrap ) * ( 1.0 + wrap ) ), 0.0, 1.0 );
        reflectedLight.directDiffuse += soft * directLight.color * BRDF_Lambert( material.diffuseContribution );
        reflectedLight.directSpecular += max( facing, 0.0 ) * directLight.color * BRDF_GGX( directLight.direction, geometryViewDir, geometryNormal, material );
      }
      #undef RE_Direct
      #define RE_Direct RE_Direct_Skin`,
    );
  };
  material.customProgramCacheKey = () => "visavis-skin";
}
