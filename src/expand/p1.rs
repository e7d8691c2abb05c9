//! The whole cell as a model without symmetry.

use std::collections::HashSet;

use super::disorder;
use super::orbit::{Group, Image};
use super::rotate::image_adp;
use crate::model::{Model, Site, SpaceGroup};

/// The same crystal as a model in P1: every atom of the cell is a site of its own.
///
/// The images of `Co1` are called `Co1`, `Co1_2`, `Co1_3` ... in the order of the operators that make them (with a
/// further `_` where the model has a site of that name already). Displacement tensors turn with their atoms.
/// [`super::crystal`] gives the same atoms for both models, in the same order.
///
/// A disorder group with a negative number, whose images overlap, becomes one group per image. A cluster stays as it is.
#[must_use]
pub fn to_p1(model: &Model) -> Model {
    if model.cluster {
        return model.clone();
    }
    let group = Group::of(model);
    let orbits: Vec<Vec<Image>> = model.sites.iter().map(|site| group.orbit(site.position)).collect();
    let counts: Vec<usize> = orbits.iter().map(Vec::len).collect();
    let mut labels = image_labels(model, &counts).into_iter();
    let mut sites = Vec::new();
    for (site, images) in model.sites.iter().zip(&orbits) {
        for image in images {
            sites.push(image_site(model, site, image, images.len(), labels.next().unwrap_or_default()));
        }
    }
    Model {
        title: model.title.clone(),
        provenance: model.provenance.clone(),
        cluster: false,
        cell: model.cell,
        space_group: SpaceGroup::default(),
        profile: model.profile,
        sites,
    }
}

fn image_site(model: &Model, site: &Site, image: &Image, multiplicity: usize, label: String) -> Site {
    let operators = &model.space_group.operators;
    Site {
        label,
        position: image.position,
        adp: site.adp.map(|adp| image_adp(adp, operators, &image.members, &model.cell)),
        disorder: disorder::of_image(site, image.members[0], multiplicity, operators.len()),
        ..site.clone()
    }
}

/// Labels of all images of all sites, given how many each site has.
pub(super) fn image_labels(model: &Model, counts: &[usize]) -> Vec<String> {
    let mut taken: HashSet<String> = model.sites.iter().map(|site| site.label.clone()).collect();
    let mut labels = Vec::new();
    for (site, &count) in model.sites.iter().zip(counts) {
        labels.extend((count > 0).then(|| site.label.clone()));
        for number in 2..=count {
            let mut label = format!("{}_{number}", site.label);
            while !taken.insert(label.clone()) {
                label.push('_');
            }
            labels.push(label);
        }
    }
    labels
}
