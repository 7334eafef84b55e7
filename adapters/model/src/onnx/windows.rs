//! Where the windows of convolutions and pools lie.
//!
//! Every axis is independent: output o covers the cells o·stride + k·dilation − before of the input, for kernel
//! positions k, less those in the padding. A window is the product of its axes' cells.

use super::OnnxError;
use super::node::Node;
use super::shape;

/// Spatial axes supported: one (signals) and two (images).
pub(super) const SPATIAL: std::ops::RangeInclusive<usize> = 1..=2;

/// One spatial axis.
#[derive(Debug, Clone, Copy)]
struct Axis {
    input: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    before: usize,
    after: usize,
    output: usize,
}

/// A cell of a window: its position in the kernel and in the input plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) kernel: usize,
    pub(super) input: usize,
}

/// The windows over one plane of the input.
#[derive(Debug)]
pub(super) struct Windows {
    axes: Vec<Axis>,
}

impl Windows {
    /// Reads `strides`, `pads`, `dilations`, `auto_pad` and (for pools) `ceil_mode` of a node that slides a kernel
    /// over an input of these spatial sizes.
    ///
    /// # Errors
    /// [`OnnxError`] if an attribute is malformed or too large, the kernel is larger than the padded input, or a
    /// window would cover nothing but padding.
    pub(super) fn read(
        node: &mut Node<'_>,
        input: &[usize],
        kernel: &[usize],
        pool: bool,
        limit: usize,
    ) -> Result<Self, OnnxError> {
        let rank = input.len();
        if !SPATIAL.contains(&rank) {
            return Err(node.shape_error("spatial axes", "1 or 2", rank.to_string()));
        }
        let strides = sizes(node, "strides", rank, 1, limit)?.unwrap_or_else(|| vec![1; rank]);
        let dilations = sizes(node, "dilations", rank, 1, limit)?.unwrap_or_else(|| vec![1; rank]);
        let ceil = pool && node.flag("ceil_mode", false)?;
        let auto = AutoPad::read(node)?;
        let pads = sizes(node, "pads", 2 * rank, 0, limit)?;
        if auto != AutoPad::NotSet && (ceil || pads.as_ref().is_some_and(|pads| pads.iter().any(|&p| p != 0)))
        {
            return Err(node.unsupported("auto_pad together with pads or ceil_mode"));
        }
        let pads = pads.unwrap_or_else(|| vec![0; 2 * rank]);
        let axis = |i: usize| {
            let axis = Axis {
                input: input[i],
                kernel: kernel[i],
                stride: strides[i],
                dilation: dilations[i],
                before: pads[i],
                after: pads[rank + i],
                output: 0,
            };
            axis.padded(auto).placed(node, ceil, limit)
        };
        Ok(Self { axes: (0..rank).map(axis).collect::<Result<_, _>>()? })
    }

    /// Sizes of the output.
    pub(super) fn output(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.output).collect()
    }

    /// The number of cells of all windows; saturates. Takes time in the output's axes, not in the cells.
    pub(super) fn cells(&self) -> usize {
        let along =
            |axis: &Axis| (0..axis.output).fold(0usize, |sum, o| sum.saturating_add(axis.covered(o).len()));
        self.axes.iter().map(along).fold(1, usize::saturating_mul)
    }

    /// Whether some window reaches beyond the padding, as `ceil_mode` allows.
    pub(super) fn overhangs(&self) -> bool {
        self.axes.iter().any(|a| (a.output - 1) * a.stride + a.extent() > a.before + a.input + a.after)
    }

    /// Every window's cells, in row-major order of the output and of the kernel. Allocates [`cells`](Self::cells)
    /// cells, which the caller has found to be within limits.
    pub(super) fn list(&self) -> Vec<Vec<Cell>> {
        let mut windows = vec![vec![Cell { kernel: 0, input: 0 }]];
        for axis in &self.axes {
            let along: Vec<Vec<Cell>> = (0..axis.output).map(|o| axis.cells(o)).collect();
            let product = |outer: &Vec<Cell>, inner: &Vec<Cell>| -> Vec<Cell> {
                let joined = |a: &Cell, b: &Cell| Cell {
                    kernel: a.kernel * axis.kernel + b.kernel,
                    input: a.input * axis.input + b.input,
                };
                outer.iter().flat_map(|a| inner.iter().map(move |b| joined(a, b))).collect()
            };
            windows = windows
                .iter()
                .flat_map(|outer| along.iter().map(move |inner| product(outer, inner)))
                .collect();
        }
        windows
    }
}

impl Axis {
    /// Cells between the first and last of a window, both included.
    fn extent(&self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    /// With the padding that `auto_pad` asks for.
    fn padded(self, auto: AutoPad) -> Self {
        let output = self.input.div_ceil(self.stride);
        let total = ((output - 1) * self.stride + self.extent()).saturating_sub(self.input);
        match auto {
            AutoPad::NotSet => self,
            AutoPad::Valid => Self { before: 0, after: 0, ..self },
            AutoPad::SameUpper => Self { before: total / 2, after: total.div_ceil(2), ..self },
            AutoPad::SameLower => Self { before: total.div_ceil(2), after: total / 2, ..self },
        }
    }

    /// With the size of its output.
    fn placed(self, node: &Node<'_>, ceil: bool, limit: usize) -> Result<Self, OnnxError> {
        let padded = self.before + self.input + self.after;
        let Some(room) = padded.checked_sub(self.extent()) else {
            let expected = format!("at most the padded input's {padded} cells");
            return Err(node.shape_error("kernel", expected, self.extent().to_string()));
        };
        let mut output = room / self.stride + 1;
        if ceil && !room.is_multiple_of(self.stride) {
            // A last window that is not full, unless it would start in the padding after the input.
            output += usize::from(output * self.stride < self.before + self.input);
        }
        if output > limit {
            return Err(OnnxError::Limit { subject: node.subject(), what: "elements", limit, got: output });
        }
        let placed = Self { output, ..self };
        if (0..output).any(|o| placed.covered(o).is_empty()) {
            return Err(node.unsupported("a window that covers nothing but padding"));
        }
        Ok(placed)
    }

    /// Kernel positions whose cell lies in the input.
    fn covered(&self, output: usize) -> std::ops::Range<usize> {
        let start = output * self.stride;
        let first = self.before.saturating_sub(start).div_ceil(self.dilation);
        let end = (self.before + self.input).saturating_sub(start).div_ceil(self.dilation);
        first.min(self.kernel)..end.min(self.kernel).max(first.min(self.kernel))
    }

    fn cells(&self, output: usize) -> Vec<Cell> {
        let cell =
            |kernel| Cell { kernel, input: output * self.stride + kernel * self.dilation - self.before };
        self.covered(output).map(cell).collect()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AutoPad {
    NotSet,
    Valid,
    /// Odd padding goes after the input.
    SameUpper,
    /// Odd padding goes before the input.
    SameLower,
}

impl AutoPad {
    fn read(node: &mut Node<'_>) -> Result<Self, OnnxError> {
        match node.text("auto_pad")?.as_deref() {
            None | Some("" | "NOTSET") => Ok(Self::NotSet),
            Some("VALID") => Ok(Self::Valid),
            Some("SAME_UPPER") => Ok(Self::SameUpper),
            Some("SAME_LOWER") => Ok(Self::SameLower),
            Some(other) => {
                Err(node.attribute_error("auto_pad", "NOTSET, VALID, SAME_UPPER or SAME_LOWER", other))
            }
        }
    }
}

/// A list attribute of `length` sizes from `least` to `limit`, if given.
pub(super) fn sizes(
    node: &mut Node<'_>,
    name: &str,
    length: usize,
    least: usize,
    limit: usize,
) -> Result<Option<Vec<usize>>, OnnxError> {
    let Some(list) = node.ints(name)? else { return Ok(None) };
    if list.len() != length {
        let got = format!("{} numbers", list.len());
        return Err(node.attribute_error(name, "as many numbers as the spatial axes need", &got));
    }
    let size = |&value: &i64| {
        usize::try_from(value)
            .ok()
            .filter(|size| (least..=limit).contains(size))
            .ok_or_else(|| node.attribute_error(name, "sizes within the limits", &value.to_string()))
    };
    Ok(Some(list.iter().map(size).collect::<Result<_, _>>()?))
}

/// The sizes of an image tensor (batch, channels, spatial axes), of which there are planes·Πspatial elements.
pub(super) struct Image {
    pub(super) batch: usize,
    pub(super) channels: usize,
    pub(super) spatial: Vec<usize>,
}

impl Image {
    pub(super) fn of(node: &Node<'_>, shape: &[usize]) -> Result<Self, OnnxError> {
        match shape {
            [batch, channels, spatial @ ..] if SPATIAL.contains(&spatial.len()) => {
                Ok(Self { batch: *batch, channels: *channels, spatial: spatial.to_vec() })
            }
            _ => Err(node.shape_error(
                "input",
                "batch, channels and 1 or 2 spatial axes",
                format!("{shape:?}"),
            )),
        }
    }

    /// Elements of one plane.
    pub(super) fn plane(&self) -> usize {
        shape::count(&self.spatial)
    }

    /// The shape with other channels and spatial axes.
    pub(super) fn with(&self, channels: usize, spatial: &[usize]) -> Vec<usize> {
        [&[self.batch, channels], spatial].concat()
    }
}
