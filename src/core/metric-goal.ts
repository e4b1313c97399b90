/** Words in names of metrics of which more is better. */
const higherIsBetter =
  /(?:^|[^a-z])(?:acc|accuracy|auc|auroc|bleu|dice|f1|iou|map|ndcg|precision|psnr|r2|recall|return|reward|rouge|score|ssim|win)(?:$|[^a-z])/i;

/** Which value of a metric is the best, as its name suggests: the lowest, unless more is better. */
export function bestOf(metric: string): "min" | "max" {
  return higherIsBetter.test(metric) ? "max" : "min";
}
