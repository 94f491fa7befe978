"""Reading an appeal: one spelling (`normalise`), no personal data (`find_personal`), words (`Segmenter`)."""

from triage.text.mask import find_personal
from triage.text.normalise import Normalised, normalise
from triage.text.reader import Reader, mask_as_given
from triage.text.segment import Segmenter

__all__ = ["Normalised", "Reader", "Segmenter", "find_personal", "mask_as_given", "normalise"]
