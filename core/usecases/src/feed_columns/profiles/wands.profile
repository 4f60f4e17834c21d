# WANDS, Wayfair's set of judged products.
told by product_name, product_class, product_description

product_id = product_id
product_name = name
product_description = description
category hierarchy = main_category
product_class = attributes.class
product_features = attributes
average_rating = ratings
rating_count = no_of_ratings
