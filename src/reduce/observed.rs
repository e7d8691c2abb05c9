//! A reduced pattern as a measured curve.

use crate::observed::{Form, Header, InQ, Normalisation, Observed};
use crate::read::observed::composition;
use crate::reduction::Reduced;

/// The G(r) of a reduction, with what of F(Q) it was made of and the settings as a header has them.
///
/// The point at r = 0, which is 0 without any uncertainty, is left out.
pub fn observed(reduced: &Reduced) -> Observed {
    let settings = &reduced.settings;
    let first = reduced.r.partition_point(|r| *r <= 0.0);
    let in_q = reduced.q.partition_point(|q| *q <= 0.0)..reduced.transformed();
    Observed {
        name: reduced.sample.clone(),
        r: reduced.r[first..].to_vec(),
        g: reduced.g[first..].to_vec(),
        dg: reduced.dg.get(first..).unwrap_or_default().to_vec(),
        form: Form::G,
        header: Header {
            radiation: Some(settings.scattered()),
            normalisation: Some(Normalisation::MeanSquared),
            qmin: Some(settings.qmin),
            qmax: settings.qmax,
            qmaxinst: settings.qmaxinst,
            rpoly: Some(settings.rpoly),
            bgscale: Some(settings.bgscale),
            wavelength: settings.wavelength,
            composition: composition(&settings.composition),
            ..Header::default()
        },
        warnings: reduced.warnings.clone(),
        in_q: Some(InQ {
            q: reduced.q[in_q.clone()].to_vec(),
            f: reduced.f[in_q.clone()].to_vec(),
            df: reduced.df.get(in_q).unwrap_or_default().to_vec(),
        }),
    }
}
